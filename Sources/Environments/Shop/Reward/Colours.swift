/// The colour words to which options are reduced: "dark navy (matte)" becomes "dark". WebShop takes the first of its
/// words, in this order, that occurs anywhere in the option, so "cared for" becomes "red". The order and the quirk are
/// kept.
private let colours = """
  alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel camo \
  caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry cream crystal \
  dark denim eggplant elephant espresso fuchsia gold granite grape graphite grass gray green grey heather indigo ivory \
  ivy khaki lavender lemon leopard light lilac lime magenta maroon mauve merlot midnight mint mocha multicolor \
  mushroom mustard natural navy nude olive orange peach pewter pink plum purple rainbow red rose royal rust sand \
  sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal tiger turquoise violet walnut \
  wheat white wine yellow
  """.split(separator: " ").map(String.init)

/// The first colour that equals one of the two texts; nil if neither is a colour.
func exactColour(_ first: String, _ second: String) -> String? { colours.first { $0 == first || $0 == second } }

/// The colour in an option, or the option itself if it contains none.
func colourNormalised(_ option: String) -> String {
  colours.first { option.contains($0) } ?? option
}
