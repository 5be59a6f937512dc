"""A warehouse clerk with Pydantic AI; the model's name chooses the API (openai:, openai-chat:, anthropic:)."""
from pydantic_ai import Agent
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.usage import UsageLimits

from warehouse import INSTRUCTIONS, TURNS, add, look_up, options, score, task


def main():
    parser = options(__doc__)
    parser.set_defaults(model="openai-chat:gpt-4.1-mini")
    choice = parser.parse_args()
    line = task(choice.task)
    clerk = Agent(choice.model, instructions=INSTRUCTIONS, tools=[look_up, add])
    try:
        answer = clerk.run_sync(line["input"], usage_limits=UsageLimits(request_limit=TURNS)).output
    except UsageLimitExceeded:
        answer = None
    score(line, answer)


if __name__ == "__main__":
    main()
