//! What a call in a kernel leads to whose function is no kernel: for each
//! number of arguments a type that gives an error with words of its own.
//!
//! An expansion imports the name that is called, and these by a glob. The name
//! of a kernel is that of a type, too, and hides the one here.

/// What only a kernel is called with.
#[diagnostic::on_unimplemented(
    message = "a kernel calls kernels, and this function is none",
    label = "no kernel",
    note = "put `#[kiln::kernel]` on the function, or write its arithmetic out; of mathematical \
            functions there are `x.exp()` and its like, and those of `kiln::math`"
)]
pub trait Called {}

macro_rules! functions {
    ($($name:ident($($arg:ident)*);)*) => {$(
        /// Functions of as many arguments.
        pub mod $name {
            /// A function that is no kernel.
            #[allow(non_camel_case_types, reason = "names of an expansion")]
            #[derive(Debug)]
            pub enum __callee {}

            impl __callee {
                #[allow(clippy::too_many_arguments, clippy::extra_unused_type_parameters,
                    reason = "as many as the function has")]
                /// What a kernel has here.
                pub fn __build<Given: super::Called, $($arg,)* Result>(
                    _: Given $(, _: $arg)*
                ) -> Result {
                    unreachable!("a call of it does not compile")
                }
            }
        }
    )*};
}

functions! {
    of0();
    of1(A);
    of2(A B);
    of3(A B C);
    of4(A B C D);
    of5(A B C D E);
    of6(A B C D E F);
    of7(A B C D E F G);
    of8(A B C D E F G H);
    of9(A B C D E F G H I);
    of10(A B C D E F G H I J);
    of11(A B C D E F G H I J K);
    of12(A B C D E F G H I J K L);
}
