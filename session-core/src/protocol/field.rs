use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::past::{Downgrade, Form, Past, Still, Upgrade, Was};
use crate::{Session, SessionError};

/// A session value's name and type, written once.
///
/// ```
/// # use session_core::{Exchange, Policy, SessionError};
/// # use std::sync::Arc;
/// # let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
/// use session_core::Field;
///
/// const HITS: Field<u32> = Field::new("hits");
///
/// const THEME: Field<String> = Field::new("theme");
///
/// HITS.update(&session, |hits| hits.unwrap_or(0) + 1)?;
/// THEME.insert(&session, "dark".to_owned())?;
/// assert_eq!(HITS.get(&session)?, Some(1));
/// assert_eq!(THEME.take(&session)?.as_deref(), Some("dark"));
/// # Ok::<(), SessionError>(())
/// ```
///
/// # When the type changes
///
/// Sessions outlive a deploy, so a changed type meets values of the old form. Adding a field with
/// `#[serde(default)]` is no change of form, as long as only servers that know it run. Otherwise there are two ways, and both lose
/// nothing while servers of the release before still run:
///
/// 1. Two deploys. In the first, [`still`](Self::still) reads both forms and keeps writing the old one, which is all
///    that the other servers read. In the second, [`was`](Self::was) writes the new one.
/// 2. A name of its own for the new form. Servers of both releases run side by side, and the newer one takes what
///    the older one leaves under the old name. (Of two requests that [`take`](Self::take) it at once, one is a 409.)
///
/// ```
/// # use session_core::{Exchange, Policy, SessionError};
/// # use std::sync::Arc;
/// # let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
/// use session_core::{Field, Session};
///
/// const OLD_CART: Field<Vec<String>> = Field::new("cart"); // one piece of each
/// const CART: Field<Vec<(String, u32)>> = Field::new("cart-2");
///
/// fn cart(session: &Session) -> Result<Vec<(String, u32)>, SessionError> {
///     if let Some(old) = OLD_CART.take(session)? {
///         CART.update(session, move |cart| {
///             let added = old.iter().map(|name| (name.clone(), 1));
///             cart.unwrap_or_default().into_iter().chain(added).collect()
///         })?;
///     }
///     Ok(CART.get(session)?.unwrap_or_default())
/// }
///
/// OLD_CART.insert(&session, vec!["tea".to_owned()])?; // the release before
/// assert_eq!(cart(&session)?, [("tea".to_owned(), 1)]);
/// OLD_CART.insert(&session, vec!["cup".to_owned()])?; // which still runs
/// assert_eq!(cart(&session)?, [("tea".to_owned(), 1), ("cup".to_owned(), 1)]);
/// # Ok::<(), SessionError>(())
/// ```
pub struct Field<T, P: Past<T> = ()> {
    key: &'static str,
    form: P::Form,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned + 'static> Field<T> {
    /// Names a value.
    #[must_use]
    pub const fn new(key: &'static str) -> Self {
        Self {
            key,
            form: (),
            of: PhantomData,
        }
    }

    /// Reads the new form and the earlier one `V`, and goes on writing the earlier one: the first of two deploys.
    ///
    /// While servers of the release before run, they can read what this one writes. What `V` can't hold is not kept
    /// until the second deploy, which has [`was`](Self::was) in this place. While that one rolls out, a value that a
    /// newer server has written stays in the new form, so nothing is lost.
    ///
    /// ```
    /// # use session_core::{Exchange, Policy, SessionError};
    /// # use std::sync::Arc;
    /// # let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
    /// use session_core::{Field, Still, Was};
    ///
    /// type Cart = Vec<(String, u32)>;
    ///
    /// fn upgrade(names: Vec<String>) -> Cart {
    ///     names.into_iter().map(|name| (name, 1)).collect()
    /// }
    /// fn downgrade(cart: &Cart) -> Vec<String> {
    ///     cart.iter().map(|(name, _)| name.clone()).collect()
    /// }
    ///
    /// const BEFORE: Field<Vec<String>> = Field::new("cart");
    /// const FIRST: Field<Cart, Still<Vec<String>>> =
    ///     Field::new("cart").still::<Vec<String>>(upgrade, downgrade);
    /// const SECOND: Field<Cart, Was<Vec<String>>> =
    ///     Field::new("cart").was::<Vec<String>>(upgrade);
    ///
    /// FIRST.insert(&session, vec![("tea".to_owned(), 1)])?;
    /// assert_eq!(BEFORE.get(&session)?.unwrap(), ["tea"]);
    ///
    /// SECOND.insert(&session, vec![("tea".to_owned(), 3)])?;
    /// FIRST.update(&session, |cart| cart.unwrap())?;
    /// assert_eq!(SECOND.get(&session)?.unwrap(), [("tea".to_owned(), 3)]);
    /// # Ok::<(), SessionError>(())
    /// ```
    #[must_use]
    pub const fn still<V>(self, upgrade: fn(V) -> T, downgrade: fn(&T) -> V) -> Field<T, Still<V>>
    where
        V: Serialize + DeserializeOwned + 'static,
    {
        Field {
            key: self.key,
            form: Downgrade { upgrade, downgrade },
            of: PhantomData,
        }
    }
}

impl<T, P: Past<T>> Field<T, P> {
    /// Reads values of an earlier form `V` too, by upgrading them; the next write stores the new form.
    ///
    /// Of several earlier forms the newest is named first. Each is upgraded to the one that is named before it, so
    /// what is written down once stays as it is: a later change is put in front.
    ///
    /// A value counts as the newest form that it can be read as. So the forms must differ in more than names that
    /// serde passes over: give the new type `#[serde(deny_unknown_fields)]`, or one field without a default. From an array serde reads
    /// a struct too, by the order of its fields: with `["tea", 1]` stored, a struct of a text and a number is read. If the earlier form is
    /// an array, a new one that is a struct needs a field that none of its members fits. A value that is of no
    /// form is the error [`ValueError::Decode`](crate::ValueError::Decode), and stays.
    ///
    /// Servers of the release before can't read what this one writes; [`still`](Self::still) is for the deploy in between.
    ///
    /// ```
    /// # use session_core::{Exchange, Policy, SessionError};
    /// # use std::sync::Arc;
    /// # let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
    /// use session_core::{Field, Was};
    ///
    /// type Name = String; // the first release
    /// type Lines = Vec<String>; // the second
    /// type Cart = Vec<(String, u32)>; // the third
    ///
    /// const CART: Field<Cart, Was<Name, Was<Lines>>> = Field::new("cart")
    ///     .was::<Lines>(|lines| lines.into_iter().map(|name| (name, 1)).collect())
    ///     .was::<Name>(|name| vec![name]);
    ///
    /// for old in ["\"tea\"", "[\"tea\"]", "[[\"tea\",1]]"] {
    ///     session.insert("cart", serde_json::from_str::<serde_json::Value>(old).unwrap())?;
    ///     assert_eq!(CART.get(&session)?.unwrap(), [("tea".to_owned(), 1)]);
    /// }
    /// session.insert("cart", 7)?;
    /// assert!(CART.get(&session).is_err());
    /// assert_eq!(session.get("cart")?, Some(7));
    /// # Ok::<(), SessionError>(())
    /// ```
    #[must_use]
    pub const fn was<V>(self, upgrade: fn(V) -> P::Oldest) -> Field<T, Was<V, P>>
    where
        V: DeserializeOwned + 'static,
    {
        Field {
            key: self.key,
            form: Upgrade {
                upgrade,
                rest: self.form,
            },
            of: PhantomData,
        }
    }

    /// Returns the name.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Reads the value; see [`Session::get`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get(&self, session: &Session) -> Result<Option<T>, SessionError> {
        session.get_by(self.key, |text| self.form.read(text))
    }

    /// Sets the value, which is given by value or by reference; see [`Session::insert`].
    ///
    /// # Errors
    ///
    /// As there, and also if the value can't be read back as its own type.
    pub fn insert(&self, session: &Session, value: impl Borrow<T>) -> Result<(), SessionError> {
        session.set_as(self.key, self.form, value.borrow())
    }

    /// Reads the value, or sets it first if it is absent; see [`Session::get_or_insert_with`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_or_insert_with(
        &self,
        session: &Session,
        default: impl FnOnce() -> T,
    ) -> Result<T, SessionError> {
        session.get_or_insert_as(self.key, self.form, default)
    }

    /// Computes the value from its present one; see [`Session::update`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn update<F>(&self, session: &Session, compute: F) -> Result<T, SessionError>
    where
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        session.update_as(self.key, self.form, compute)
    }

    /// Removes the value and says whether it was there; see [`Session::remove`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn remove(&self, session: &Session) -> Result<bool, SessionError> {
        session.remove(self.key)
    }

    /// Removes the value and returns it; see [`Session::take`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn take(&self, session: &Session) -> Result<Option<T>, SessionError> {
        session.take_by(self.key, |text| self.form.read(text))
    }
}

impl<T, P: Past<T>> Clone for Field<T, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, P: Past<T>> Copy for Field<T, P> {}

impl<T, P: Past<T>> fmt::Debug for Field<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({:?})", self.key)
    }
}
