//! Hidden types beside functions: what an expansion calls in place of a function
//! is found under the function's own name, among the types.

/// A type of a function's name, which is in scope wherever the function is.
macro_rules! companion {
    ($name:ident) => {
        #[doc(hidden)]
        #[allow(
            non_camel_case_types,
            reason = "it stands beside the function of its name"
        )]
        #[derive(Debug)]
        pub enum $name {}
    };
}

pub(super) use companion;
