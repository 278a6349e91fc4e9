//! What the instances of a generic kernel keep, one for each type.
//!
//! A `static` of a generic function is one for all of its instances, so it is
//! a list of them, by a type that tells them apart. It only grows, and is
//! read without a lock.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// A number as a type.
#[derive(Debug)]
pub enum Count<const N: usize> {}

/// What each instance keeps. Made once, and kept as long as the program runs.
#[derive(Debug)]
pub struct Instances {
    first: OnceLock<Box<Node>>,
}

#[derive(Debug)]
struct Node {
    instance: Box<dyn Any + Send + Sync>,
    next: OnceLock<Box<Node>>,
}

/// What the instance for `K` keeps.
struct Instance<K, S> {
    state: S,
    key: PhantomData<fn() -> K>,
}

impl Instances {
    /// None yet.
    #[allow(
        clippy::new_without_default,
        reason = "it is what a `static` begins as"
    )]
    pub const fn new() -> Instances {
        Instances {
            first: OnceLock::new(),
        }
    }

    /// What the instance for `K` keeps, made if it must be.
    pub fn get<K: 'static, S: Send + Sync + 'static>(&self, make: impl FnOnce() -> S) -> &S {
        let (mut place, mut make) = (&self.first, Some(make));
        loop {
            let node = place.get_or_init(|| match make.take() {
                Some(make) => Node::of::<K, S>(make()),
                None => unreachable!("what was made is found"),
            });
            match node.instance.downcast_ref::<Instance<K, S>>() {
                Some(instance) => return &instance.state,
                None => place = &node.next,
            }
        }
    }
}

impl Node {
    fn of<K: 'static, S: Send + Sync + 'static>(state: S) -> Box<Node> {
        let key = PhantomData;
        Box::new(Node {
            instance: Box::new(Instance::<K, S> { state, key }),
            next: OnceLock::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_state_of_its_own_however_many_ask() {
        let instances = Instances::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    assert_eq!(*instances.get::<(f32, Count<3>), u64>(|| 1), 1);
                    assert_eq!(*instances.get::<(f32, Count<4>), u64>(|| 2), 2);
                    assert_eq!(*instances.get::<(f64, Count<3>), u64>(|| 3), 3);
                });
            }
        });
        let same = instances.get::<(f32, Count<4>), u64>(|| 9);
        assert!(std::ptr::eq(
            same,
            instances.get::<(f32, Count<4>), u64>(|| 9)
        ));
    }
}
