"""A warehouse clerk with the OpenAI Agents SDK, on the Responses API."""
from agents import Agent, Runner, function_tool
from agents.exceptions import MaxTurnsExceeded

from warehouse import INSTRUCTIONS, TURNS, add, look_up, options, score, task


def main():
    choice = options(__doc__).parse_args()
    line = task(choice.task)
    clerk = Agent(
        name="Warehouse clerk", instructions=INSTRUCTIONS, model=choice.model,
        tools=[function_tool(look_up), function_tool(add)])
    try:
        answer = Runner.run_sync(clerk, line["input"], max_turns=TURNS).final_output
    except MaxTurnsExceeded:
        answer = None
    score(line, answer)


if __name__ == "__main__":
    main()
