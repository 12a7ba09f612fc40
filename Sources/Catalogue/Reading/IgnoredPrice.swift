/// Why a price that the format has is not used.
enum IgnoredPrice: String, Hashable {
    case ownUnit = "it counts in units of the provider's own"
    case cacheTime = "providers do not tell what they keep for twelve hours from what they keep for five minutes"
    case writtenAudio = "what is written to a cache has one price"
    case explicitCache = "providers do not tell which cache was read"
    case quality = "it depends on the size or quality of what is made, which is not counted"
    case pixels = "pixels are not counted"
    case service = "no call asks for this service"
    case tool = "the use of this tool or storage is not counted"
    case clock = "it depends on the time of day; the full price counts"
    case region = "it depends on where the provider works on the call"
    case allowance = "what is free is not told apart; every search has its price"
    case rent = "it is the rent of a machine, whatever calls it serves"
    case twice = "the same is priced by tokens"
    case length = "it depends on the length of one video"
}
