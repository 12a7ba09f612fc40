internal import Domain

/// What an attempt's end has to show for itself: from it follows whether the provider takes money, and for what.
struct AttemptEvidence: Hashable {
    /// Any byte of the request may have reached the provider.
    var wasSent: Bool
    /// The provider's, 0 when none came.
    var status: UInt16 = 0
    /// The provider's numbers.
    var usage: TokenUsage?
    /// What it says besides that the cost depends on.
    var terms = UsageTerms()
    /// What the provider has counted of the prompt of a stream that did not come to its end.
    var promptUsage: TokenUsage?
    var finish = FinishReason.none
    /// Something that was asked for has come.
    var hasContent = false
    /// The reply is an error, in spite of its status.
    var saysError = false
    var isStream = false
    /// The call was ended because nobody waits for it any more.
    var clientIsGone = false

    init(wasSent: Bool) {
        self.wasSent = wasSent
    }

    private var isGoodStatus: Bool { (200..<300).contains(self.status) }

    var billed: Billed {
        if self.status != 0 && !self.isGoodStatus { return .no }
        if self.status == 0 && !self.wasSent { return .no }
        if self.usage != nil || self.hasContent { return .yes }
        return self.saysError ? .no : .unknown
    }

    /// Whether tokens are to be estimated: content came without its numbers; or the client left before any came, which it
    /// pays for as far as the prompt goes. A call that failed before any content costs the client nothing.
    var wantsEstimate: Bool {
        guard self.usage == nil else { return false }
        return self.billed == .yes || (self.billed == .unknown && self.clientIsGone)
    }
}
