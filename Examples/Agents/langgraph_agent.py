"""A warehouse clerk as a graph of LangGraph: the model and its tools take turns."""
from langchain_core.messages import SystemMessage
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from warehouse import INSTRUCTIONS, TURNS, add, look_up, options, score, task

TOOLS = [look_up, add]


def clerk(model):
    """The compiled graph."""
    with_tools = ChatOpenAI(model=model, temperature=1).bind_tools(TOOLS)

    def ask(state):
        return {"messages": [with_tools.invoke([SystemMessage(INSTRUCTIONS), *state["messages"]])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", ask)
    graph.add_node("tools", ToolNode(TOOLS))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile()


def main():
    choice = options(__doc__).parse_args()
    line = task(choice.task)
    question = {"messages": [{"role": "user", "content": line["input"]}]}
    try:
        state = clerk(choice.model).invoke(question, {"recursion_limit": 2 * TURNS})
        answer = state["messages"][-1].text
    except GraphRecursionError:
        answer = None
    score(line, answer)


if __name__ == "__main__":
    main()
