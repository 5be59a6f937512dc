"""A warehouse clerk with smolagents: every answer calls a tool, the last one `final_answer`."""
from smolagents import OpenAIModel, ToolCallingAgent, tool

from warehouse import INSTRUCTIONS, TURNS, add, look_up, options, score, task


def main():
    choice = options(__doc__).parse_args()
    line = task(choice.task)
    clerk = ToolCallingAgent(
        tools=[tool(look_up), tool(add)], model=OpenAIModel(model_id=choice.model), instructions=INSTRUCTIONS,
        max_steps=TURNS)
    score(line, clerk.run(line["input"]))


if __name__ == "__main__":
    main()
