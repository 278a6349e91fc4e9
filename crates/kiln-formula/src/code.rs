//! The list of everything a formula can be told: one stable code per problem.
//!
//! Codes are part of the interface (programs match on them, people search for
//! them), so a code is never reused for another problem. The first digit pair
//! tells the stage: 01 the text, 02 names, 03 types, 04 limits, 05 warnings.
//! docs/guide/formulas.md lists the same table; a test compares the two.

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The formula cannot be used.
    Error,
    /// The formula can be used but may not mean what was intended.
    Warning,
}

macro_rules! codes {
    ($($variant:ident $code:literal $severity:ident $title:literal;)*) => {
        /// What kind of problem a [`Diagnostic`](crate::Diagnostic) reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable code, such as `K0103`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// What the code stands for, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// Whether the problem is an error or a warning.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    UnexpectedCharacter  "K0101" Error "a character that formulas do not use";
    ControlCharacter     "K0102" Error "a NUL or another control character in the text";
    MalformedNumber      "K0103" Error "a number that cannot be read";
    NumberTooLarge       "K0104" Error "a number too large to be held";
    TextLiteral          "K0105" Error "quoted text where only numbers and true/false exist";
    MalformedName        "K0106" Error "a name in backticks that is empty or not closed";
    Empty                "K0107" Error "a formula with nothing in it";
    ExpectedValue        "K0110" Error "a place where a value is missing";
    ExpectedOperator     "K0111" Error "two values with no operator between them";
    UnclosedParenthesis  "K0112" Error "an opening parenthesis without its closing one";
    UnopenedParenthesis  "K0113" Error "a closing parenthesis without its opening one";
    SingleEquals         "K0114" Error "a single = where a comparison is meant";
    ForeignOperator      "K0115" Error "an operator of another language";
    ChainedComparison    "K0116" Error "two comparisons in a row";
    ComparisonAndBits    "K0117" Error "& or | beside a comparison without parentheses";
    IncompleteCondition  "K0118" Error "a conditional without its other half";
    BadDefinition        "K0119" Error "a definition without a usable name";
    DuplicateName        "K0120" Error "a name defined twice";
    SeveralResults       "K0121" Error "more than one expression without a name";
    NoOutput             "K0122" Error "a formula that only has private names";
    LooseNot             "K0123" Error "not inside a tighter operation without parentheses";
    UnknownName          "K0201" Error "a name that is not an input";
    UnknownFunction      "K0202" Error "a function that does not exist";
    WrongArguments       "K0203" Error "a function with too few or too many values";
    UsedBeforeLet        "K0204" Error "a private name used before its definition";
    NotAFunction         "K0205" Error "a call of something that is not a function";
    ColumnReduction      "K0206" Error "a total over a whole column where rows are computed one by one";
    DuplicateInput       "K0207" Error "an input declared twice";
    NotAvailable         "K0208" Error "a function that cannot be computed yet";
    RowValue             "K0209" Error "a value of each row where one value for all is asked for";
    ExpectedTrueFalse    "K0301" Error "a number where true/false is needed";
    ExpectedNumber       "K0302" Error "true/false where a number is needed";
    ExpectedWholeNumber  "K0303" Error "a decimal number where a whole number is needed";
    TextTooLong          "K0401" Error "a text longer than the limit";
    TooDeep              "K0402" Error "parentheses or calls nested deeper than the limit";
    TooManyInputs        "K0403" Error "more inputs than the limit";
    TooManyNodes         "K0404" Error "more values and operations than the limit";
    TooManyTotals        "K0405" Error "more totals of columns than the limit";
    AmbiguousLog         "K0501" Warning "log with one value, which other programs read differently";
    UnusedLet            "K0502" Warning "a private name that nothing uses";
    ComparisonWithNan    "K0503" Warning "a comparison with nan, which never holds";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_ascend() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str(), "{pair:?}");
        }
    }
}
