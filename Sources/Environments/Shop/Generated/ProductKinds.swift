/// A kind of product that the generated shop sells.
struct ProductKind: Sendable {
  let department: String
  /// From the widest category to the narrowest, separated by " › ".
  let category: String
  /// Names of the kind. The first is the shop's own; the others are used by customers and some makers.
  let names: [String]
  /// In lower case, like ``Product/query``.
  let query: String
  /// The possible options, by their names in ``Vocabulary/options``.
  let options: [String]
  /// In dollars.
  let price: ClosedRange<Double>

  static let all: [ProductKind] = table.split(separator: "\n").compactMap { line in
    let fields = line.split(separator: "|").map { String($0.trimmed) }
    let price = fields[5].split(separator: " ").compactMap { Double($0) }
    return ProductKind(
      department: fields[0], category: fields[1].replacing(" > ", with: " › "),
      names: fields[2].split(separator: ",").map { String($0.trimmed) }, query: fields[3],
      options: fields[4].split(separator: " ").map(String.init), price: price[0]...price[1])
  }

  /// department | category | names | query | options | prices
  private static let table = """
    fashion | Clothing > Men > Jackets > Rainwear \
      | rain jacket, raincoat, hooded shell | men's rain jackets | color size | 24 88
    fashion | Clothing > Men > Shirts > Henleys \
      | henley shirt, long sleeve tee, cotton top | men's henleys | color size | 12 38
    fashion | Clothing > Men > Pants > Chinos \
      | chino pants, slacks, casual trousers | men's pants | color size | 18 60
    fashion | Clothing > Women > Dresses > Casual \
      | midi dress, summer dress, wrap gown | women's dresses | color size | 19 75
    fashion | Clothing > Women > Sweaters > Cardigans \
      | knit cardigan, open sweater, wool cover up | women's sweaters | color size | 20 70
    fashion | Clothing > Women > Leggings > Active \
      | yoga leggings, workout tights, gym pants | women's leggings | color size | 14 48
    fashion | Clothing > Women > Swimwear > One-Pieces \
      | one piece swimsuit, bathing suit | women's swimsuits | color size | 17 55
    fashion | Shoes > Men > Athletic > Running \
      | running shoes, sneakers, jogging trainers | men's running shoes | color shoe | 35 120
    fashion | Shoes > Women > Sandals > Flats \
      | flat sandals, slip on slides, beach shoes | women's sandals | color shoe | 14 60
    fashion | Shoes > Men > Boots > Work \
      | work boots, safety boots, steel toe footwear | men's work boots | color shoe | 45 150
    fashion | Luggage > Bags > Backpacks > Laptop \
      | laptop backpack, school bag, commuter rucksack | backpacks | color | 22 90
    fashion | Accessories > Men > Wallets > Bifold \
      | bifold wallet, card holder, money clip | wallets | color | 9 45
    beauty | Skin Care > Face > Moisturizers > Creams \
      | face cream, moisturizer, day lotion | face moisturizers | scent volume | 8 46
    beauty | Skin Care > Body > Cleansers > Scrubs \
      | body scrub, exfoliating polish, sugar rub | body scrubs | scent volume | 7 30
    beauty | Skin Care > Sun > Sunscreens > Sprays \
      | sunscreen spray, sun block mist | sunscreens | volume | 8 28
    beauty | Hair Care > Wash > Shampoos > Daily \
      | shampoo, hair wash, cleansing bar | shampoos | scent volume | 6 34
    beauty | Hair Care > Treatments > Oils > Leave-In \
      | hair oil, leave in serum, scalp treatment | hair oils | volume | 9 40
    beauty | Hair Care > Tools > Dryers > Ionic \
      | hair dryer, blow dryer | hair dryers | color | 22 110
    beauty | Makeup > Lips > Lipsticks > Matte \
      | matte lipstick, lip color, lip stain | lipsticks | color | 5 26
    beauty | Makeup > Eyes > Palettes > Shadow \
      | eyeshadow palette, eye makeup kit | eyeshadow palettes | style | 9 48
    beauty | Oral Care > Brushes > Toothbrushes > Electric \
      | electric toothbrush, sonic tooth cleaner | electric toothbrushes | color | 19 95
    beauty | Tools > Bags > Cosmetic > Travel \
      | makeup bag, toiletry case, cosmetic pouch | cosmetic bags | color | 8 36
    electronics | Audio > Headphones > Earbuds > Wireless \
      | wireless earbuds, bluetooth earphones, in ear headset | wireless earbuds | color | 18 130
    electronics | Audio > Speakers > Portable > Bluetooth \
      | bluetooth speaker, portable sound box | portable speakers | color | 20 140
    electronics | Accessories > Phones > Cases > Protective \
      | phone case, protective cover, bumper shell | phone cases | color model | 7 32
    electronics | Accessories > Cables > Charging > Usb-C \
      | usb c cable, charging cord, fast charge lead | usb cables | color length | 5 24
    electronics | Accessories > Power > Banks > Slim \
      | power bank, portable charger, battery pack | power banks | color capacity | 16 75
    electronics | Computers > Input > Keyboards > Mechanical \
      | mechanical keyboard, gaming keyboard | keyboards | color style | 32 150
    electronics | Computers > Storage > Drives > External \
      | external hard drive, portable ssd, backup disk | external drives | capacity | 38 190
    electronics | Cameras > Support > Tripods > Travel \
      | camera tripod, phone stand, selfie stick | tripods | color length | 15 80
    electronics | Television > Mounts > Wall > Tilting \
      | tv wall mount, television bracket | tv mounts | screen | 19 95
    electronics | Wearables > Watches > Bands > Silicone \
      | watch band, replacement strap, wrist loop | watch bands | color size | 6 30
    garden | Home > Bedding > Sheets > Sets \
      | bed sheet set, linens, fitted sheets | bed sheets | color bed | 19 90
    garden | Home > Bath > Towels > Sets \
      | bath towel set, shower towels | bath towels | color pieces | 14 60
    garden | Home > Living > Sofas > Sectionals \
      | sectional sofa, couch, corner settee | sofas | color seats | 260 780
    garden | Home > Living > Tables > Coffee \
      | coffee table, center table, accent stand | coffee tables | color | 60 320
    garden | Home > Office > Chairs > Ergonomic \
      | office chair, desk chair, task seat | office chairs | color | 80 360
    garden | Home > Kitchen > Cookware > Pans \
      | frying pan, nonstick skillet | frying pans | pan color | 16 85
    garden | Home > Kitchen > Storage > Containers \
      | food storage containers, meal prep boxes | food containers | pieces color | 12 48
    garden | Home > Decor > Curtains > Blackout \
      | blackout curtains, window drapes, room darkening panels | curtains | color drop | 17 70
    garden | Home > Decor > Rugs > Area \
      | area rug, floor carpet, living room mat | area rugs | color rug | 30 260
    garden | Outdoor > Lighting > Solar > Path \
      | solar path lights, garden lanterns | solar lights | pieces | 18 72
    grocery | Food > Snacks > Bars > Protein \
      | protein bars, energy snack, meal bars | protein bars | flavor pack | 10 42
    grocery | Food > Drinks > Coffee > Ground \
      | ground coffee, dark roast, morning brew | ground coffee | flavor weight | 8 36
    grocery | Food > Drinks > Tea > Herbal \
      | herbal tea, caffeine free infusion | herbal teas | flavor pack | 5 26
    grocery | Food > Snacks > Nuts > Almonds \
      | roasted almonds, nut mix | almonds | flavor weight | 7 34
    grocery | Food > Pantry > Oils > Olive \
      | olive oil, cooking oil | olive oils | volume | 9 44
    grocery | Food > Snacks > Chips > Vegetable \
      | vegetable chips, crunchy crisps | chips | flavor pack | 6 30
    """
}
