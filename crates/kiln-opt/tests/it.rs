//! Tests of the passes through their public face.

mod it {
    mod count;
    mod expand;
    mod pipeline;
    mod random;
    mod reference;
    mod rules;
    mod widen;
}
