/// What a call to one of the request's places has to keep to, and how its replies are read.
struct CallTerms {
    var terms: ExchangeTerms
    var dialect: ReplyDialect
}
