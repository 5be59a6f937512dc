/// The words of the generated shop.
enum Vocabulary {
  /// A property of a product.
  struct Attribute: Sendable {
    /// The name that rewards compare.
    let name: String
    /// Customers' wordings after "that". The first uses the shop's name, the others different words.
    let clauses: [String]
  }

  /// By department. `name: clause with the name; other clause; …`
  static let attributes: [String: [Attribute]] = [
    "fashion": table(
      """
      machine wash: is machine wash; can go in the laundry
      water resistant: is water resistant; keeps me dry
      slim fit: is slim fit; sits close to the body
      high waist: has a high waist; comes up above my hips
      long sleeve: is long sleeve; covers my arms
      memory foam: has memory foam; cushions every step
      rubber sole: has a rubber sole; grips on wet floors
      arch support: has arch support; helps my flat feet
      quick drying: is quick drying; is dry again in no time
      tummy control: has tummy control; flattens the belly
      daily wear: is for daily wear; i can put on every day
      gym workout: is for a gym workout; i can train in
      polyester spandex: is of polyester spandex; stretches a lot
      faux fur: has faux fur; has a fluffy lining
      genuine leather: is genuine leather; is real hide
      drawstring closure: has a drawstring closure; ties with a string
      """),
    "beauty": table(
      """
      cruelty free: is cruelty free; was not tried on animals
      paraben free: is paraben free; has no parabens
      fragrance free: is fragrance free; does not smell of anything
      tea tree: has tea tree; uses an australian leaf oil
      hyaluronic acid: has hyaluronic acid; holds moisture in
      coconut oil: has coconut oil; is made with coconuts
      sensitive skin: is for sensitive skin; will not give me a rash
      dry hair: is for dry hair; helps brittle ends
      anti aging: is anti aging; makes me look younger
      fine lines: is for fine lines; works on wrinkles
      long lasting: is long lasting; stays on the whole day
      travel size: is travel size; fits a carry on bag
      easy apply: is easy to apply; goes on without fuss
      dermatologist tested: is dermatologist tested; skin doctors approve of
      natural ingredients: has natural ingredients; comes from plants
      dark circles: is for dark circles; hides tired eyes
      """),
    "electronics": table(
      """
      fast charging: has fast charging; fills up quickly
      noise cancelling: is noise cancelling; shuts the street out
      easy install: is easy to install; i can set up alone
      heavy duty: is heavy duty; takes a beating
      carrying case: has a carrying case; comes with a pouch
      high definition: is high definition; has a crisp picture
      hands free: is hands free; leaves my hands empty
      stereo sound: has stereo sound; plays left and right
      aluminum alloy: is of aluminum alloy; has a light metal body
      tempered glass: has tempered glass; has a hard clear front
      plug play: is plug and play; works once plugged in
      wireless charging: has wireless charging; charges without a cord
      dust proof: is dust proof; is sealed against sand
      gold plated: is gold plated; has contacts that do not rust
      high speed: is high speed; moves data in a flash
      batteries included: has batteries included; runs out of the box
      """),
    "garden": table(
      """
      easy clean: is easy to clean; wipes off
      easy assemble: is easy to assemble; goes together without tools
      space saving: is space saving; suits a small flat
      solid wood: is solid wood; is real timber
      stainless steel: is stainless steel; does not rust
      bpa free: is bpa free; has no bad plastic
      dishwasher safe: is dishwasher safe; i need not wash by hand
      lumbar support: has lumbar support; is kind to my back
      eco friendly: is eco friendly; is good for the planet
      living room: is for the living room; goes where we watch films
      king size: is king size; is for our huge bed
      double sided: is double sided; can be turned over
      non slip: is non slip; stays where it is put
      energy efficient: is energy efficient; uses little power
      super soft: is super soft; feels like a cloud
      mid century: is mid century; looks like the fifties
      """),
    "grocery": table(
      """
      gluten free: is gluten free; has no wheat
      sugar free: is sugar free; has nothing sweet added
      non gmo: is non gmo; is not genetically modified
      low carb: is low carb; suits my keto diet
      plant based: is plant based; has nothing from animals
      usda organic: is usda organic; was certified by the farm office
      soy free: is soy free; has no soybeans
      dairy free: is dairy free; has no milk
      high protein: is high protein; builds muscle
      individually wrapped: is individually wrapped; comes in single packets
      kosher certified: is kosher certified; the rabbi allows
      artificial colors: has no artificial colors; is not dyed
      resealable bag: has a resealable bag; closes again
      fat free: is fat free; has no grease
      great gift: is a great gift; i can give to a friend
      caffeine free: is caffeine free; lets me sleep
      """),
  ]

  /// The displayed name and the values of each option, by the name in ``ProductKind``.
  static let options: [String: (name: String, values: [String])] = [
    "color": (
      "color",
      words(
        "black, white, navy, heather grey, olive, burgundy, teal, rose gold, beige, coral, mustard, lavender, "
          + "forest green, sky blue, blush pink, charcoal, ivory, rust, chocolate brown, bright orange")
    ),
    "size": ("size", words("x-small, small, medium, large, x-large, xx-large, 3x-large")),
    "shoe": ("size", words("6, 7, 8, 9, 10, 11, 12, 13")),
    "scent": (
      "scent", words("unscented, citrus, eucalyptus, vanilla bean, jasmine, sandalwood, ocean breeze, cucumber")
    ),
    "volume": ("size", words("1 fl oz, 3.4 fl oz, 8 fl oz, 12 fl oz, 16 fl oz, 1 gallon")),
    "style": ("style", words("classic, compact, deluxe, starter, limited edition, professional")),
    "model": (
      "compatible model", words("galaxy s21, galaxy a12, iphone 11, iphone 12 mini, iphone 13 pro, pixel 6, moto g")
    ),
    "length": ("length", words("3 feet, 50 inch, 6 feet, 62 inch, 10 feet, 72 inch")),
    "capacity": ("capacity", words("128gb, 256gb, 512gb, 1tb, 2tb, 5000mah, 10000mah, 20000mah")),
    "screen": ("screen", words("23-42 inch, 32-55 inch, 37-75 inch, 50-90 inch")),
    "bed": ("size", words("twin, twin xl, full, queen, king, california king")),
    "pieces": ("number of items", words("2 piece, 4 piece, 6 piece, 8 piece, 12 piece, 20 piece")),
    "seats": ("configuration", words("loveseat, three seater, l-shaped, u-shaped, with ottoman")),
    "pan": ("size", words("8 inch, 9.5 inch, 10 inch, 11 inch, 12 inch")),
    "drop": ("size", words("42w x 45l, 52w x 63l, 52w x 84l, 42w x 95l, 52w x 108l")),
    "rug": ("size", words("2x3 ft, 3x5 ft, 4x6 ft, 5x8 ft, 8x10 ft, round 6 ft")),
    "flavor": (
      "flavor name",
      words("sea salt, honey, peanut butter, dark cocoa, hazelnut, cinnamon, wild berry, lemon ginger, maple")
    ),
    "pack": ("number of packs", words("single, pair, half dozen, dozen, case of 24")),
    "weight": ("weight", words("6 ounce, 12 ounce, 1 pound, 2 pounds, 5 pounds")),
  ]

  /// Filler texts for product pages, without information for a customer.
  static let remarks = [
    "Our team answers every question within a day.", "A thoughtful present for family and friends.",
    "Designed in a small studio and refined over many versions.", "Please check the measurements before you order.",
    "Colors may differ a little from screen to screen.", "Trusted by thousands of households.",
    "Packed in a recyclable box.", "Suits beginners and experts alike.",
  ]

  static let reviews = [
    ("Five stars", 5, "Exactly as described, would buy again."), ("Good value", 4, "Does the job for the money."),
    ("Not for me", 2, "Smaller than I thought and slow to arrive."), ("Lovely", 5, "My sister wants one too."),
    ("Okay", 3, "It is fine, nothing special."), ("Disappointed", 1, "Broke after a week."),
  ]

  private static func words(_ list: String) -> [String] { list.split(separator: ", ").map(String.init) }

  private static func table(_ text: String) -> [Attribute] {
    text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: ":").map { String($0.trimmed) }
      return Attribute(name: parts[0], clauses: parts[1].split(separator: ";").map { String($0.trimmed) })
    }
  }
}
