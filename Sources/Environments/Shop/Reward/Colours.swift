/// The colour words that stand for a whole option: "dark navy (matte)" is "dark". WebShop's rule takes the first of its
/// words, in this order, that occurs anywhere in the option, so "cared for" is "red"; the order and the quirk are kept.
private let colours = """
  alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel camo \
  caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry cream crystal \
  dark denim eggplant elephant espresso fuchsia gold granite grape graphite grass gray green grey heather indigo ivory \
  ivy khaki lavender lemon leopard light lilac lime magenta maroon mauve merlot midnight mint mocha multicolor \
  mushroom mustard natural navy nude olive orange peach pewter pink plum purple rainbow red rose royal rust sand \
  sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal tiger turquoise violet walnut \
  wheat white wine yellow
  """.split(separator: " ").map(String.init)

/// The first colour that one of two texts is, letter by letter; nil where neither is one.
func exactColour(_ first: String, _ second: String) -> String? { colours.first { $0 == first || $0 == second } }

/// An option's colour, or the option itself where it names none.
func colourNormalised(_ option: String) -> String {
  colours.first { option.contains($0) } ?? option
}
