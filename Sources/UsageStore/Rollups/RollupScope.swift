/// Whose requests a row of sums is about, as one number: a kind in the upper bits, and who it is below them.
///
/// Each request counts for four scopes: its principal, its project, its organization and the gateway. A question about one of these reads only
/// its rows; what is asked of keys and users is summed over principals. A project is one of an organization: where a project were to
/// belong to two, it would have a scope in each.
enum RollupScope {
    enum Kind: Int64, CaseIterable {
        /// Number: of `principals`.
        case principal = 0
        /// Number: of `rollup_scopes`.
        case project = 1
        /// Number: of `rollup_scopes`.
        case organization = 2
        /// Has no number.
        case gateway = 3

        /// The scope of this kind for requests whose principal is not known (yet), and the smallest of the kind.
        var base: Int64 { self.rawValue << RollupScope.bits }
        /// The scopes of this kind.
        var range: ClosedRange<Int64> { self.base...self.base | RollupScope.mask }

        /// The scope of a number of this kind.
        func scope(_ number: Int64) -> Int64 { self.base | number & RollupScope.mask }
    }

    fileprivate static let bits: Int64 = 40
    fileprivate static let mask: Int64 = 1 << 40 - 1
}
