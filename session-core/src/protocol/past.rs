use std::marker::PhantomData;
use std::ops::Deref;

use compact_str::CompactString;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::json::{encode_readable, read};
use crate::ValueError;

/// The earlier forms of a [`Field`](crate::Field)'s value: none is `()`, and the others are [`Was`] and [`Still`].
///
/// It is named where a function takes any field: `fn show<P: Past<Cart>>(cart: Field<Cart, P>)`.
pub trait Past<T> {
    /// The earliest form; without a past the value's own.
    type Oldest: 'static;
    /// The conversions.
    #[doc(hidden)]
    type Form: Form<T, Oldest = Self::Oldest>;
}

/// The past of a value that was a `V`, before it became what `P` says; see [`Field::was`](crate::Field::was).
#[derive(Debug)]
pub struct Was<V, P = ()>(PhantomData<fn() -> (V, P)>);

/// The past of a value that is still stored as a `V`; see [`Field::still`](crate::Field::still).
#[derive(Debug)]
pub struct Still<V>(PhantomData<fn() -> V>);

impl<T: Serialize + DeserializeOwned + 'static> Past<T> for () {
    type Oldest = T;
    type Form = ();
}

impl<T, V, P> Past<T> for Was<V, P>
where
    V: DeserializeOwned + 'static,
    P: Past<T>,
{
    type Oldest = V;
    type Form = Upgrade<fn(V) -> P::Oldest, P::Form>;
}

impl<T, V> Past<T> for Still<V>
where
    T: Serialize + DeserializeOwned + 'static,
    V: Serialize + DeserializeOwned + 'static,
{
    type Oldest = V;
    type Form = Downgrade<fn(V) -> T, fn(&T) -> V>;
}

/// The reading and writing of a value in one of several forms.
pub trait Form<T>: Copy + Send + Sync + 'static {
    type Oldest;

    /// Reads the present form, else the newest one that fits.
    fn read(self, text: &str) -> Option<T>;

    /// Makes a present value of one in the earliest form.
    fn lift(self, oldest: Self::Oldest) -> T;

    /// Writes a value in place of the one that is there, and that is looked at only if it matters.
    fn write<S: Deref<Target = str>>(
        self,
        key: &str,
        value: &T,
        present: impl FnOnce() -> Option<S>,
    ) -> Result<CompactString, ValueError>;
}

/// Without a past.
impl<T: Serialize + DeserializeOwned> Form<T> for () {
    type Oldest = T;

    #[inline]
    fn read(self, text: &str) -> Option<T> {
        read(text)
    }

    fn lift(self, oldest: T) -> T {
        oldest
    }

    #[inline]
    fn write<S: Deref<Target = str>>(
        self,
        key: &str,
        value: &T,
        _: impl FnOnce() -> Option<S>,
    ) -> Result<CompactString, ValueError> {
        encode_readable(key, value)
    }
}

/// From an earlier form to the next one, and the way on from there.
#[derive(Debug, Clone, Copy)]
pub struct Upgrade<U, R> {
    pub(crate) upgrade: U,
    pub(crate) rest: R,
}

impl<T, V, N, R> Form<T> for Upgrade<fn(V) -> N, R>
where
    V: DeserializeOwned + 'static,
    N: 'static,
    R: Form<T, Oldest = N>,
{
    type Oldest = V;

    fn read(self, text: &str) -> Option<T> {
        let newer = self.rest.read(text);
        newer.or_else(|| Some(self.lift(read(text)?)))
    }

    fn lift(self, oldest: V) -> T {
        self.rest.lift((self.upgrade)(oldest))
    }

    fn write<S: Deref<Target = str>>(
        self,
        key: &str,
        value: &T,
        present: impl FnOnce() -> Option<S>,
    ) -> Result<CompactString, ValueError> {
        self.rest.write(key, value, present)
    }
}

/// From the earlier form and back to it, while other servers know no other.
#[derive(Debug, Clone, Copy)]
pub struct Downgrade<U, D> {
    pub(crate) upgrade: U,
    pub(crate) downgrade: D,
}

impl<T, V> Form<T> for Downgrade<fn(V) -> T, fn(&T) -> V>
where
    T: Serialize + DeserializeOwned + 'static,
    V: Serialize + DeserializeOwned + 'static,
{
    type Oldest = V;

    fn read(self, text: &str) -> Option<T> {
        read(text).or_else(|| Some(self.lift(read(text)?)))
    }

    fn lift(self, oldest: V) -> T {
        (self.upgrade)(oldest)
    }

    fn write<S: Deref<Target = str>>(
        self,
        key: &str,
        value: &T,
        present: impl FnOnce() -> Option<S>,
    ) -> Result<CompactString, ValueError> {
        // A server of the next deploy has written it, and would lose what the earlier form can't hold.
        if present().is_some_and(|text| read::<T>(&text).is_some()) {
            return encode_readable(key, value);
        }
        encode_readable(key, &(self.downgrade)(value))
    }
}
