extension TextCraft {
  /// What the policy is told before the task. The form of its answers is the policy's own matter and not part of it.
  static let instructions = """
    You craft items. You start with nothing, and are done once you have crafted the goal. In every turn you give \
    exactly one command and read what came of it:
    - get N ITEM: takes items that the world provides. Whatever the list has a command for cannot be taken; craft it.
    - craft N ITEM using M ITEM, K ITEM: crafts with one of the listed commands, once. You must hold the ingredients, \
    and give exactly the listed counts. To craft more, give the command again.
    - inventory: shows what you hold.
    Not every listed command is needed. Where the list names a kind, such as "planks", write the item you hold, such as \
    "oak planks".

    An example. The list has "craft 4 oak planks using 1 oak logs" and "craft 4 stick using 2 planks"; the goal is stick.
    get 1 oak logs
    -> Got 1 oak logs
    craft 4 oak planks using 1 oak logs
    -> Crafted 4 minecraft:oak_planks
    craft 4 stick using 2 oak planks
    -> Crafted 4 minecraft:stick
    """
}
