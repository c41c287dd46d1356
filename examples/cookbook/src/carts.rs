//! The carts of the shop: a guest's in the session, a user's in your own table; for axum, actix-web and Rocket alike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session_core::Field;

/// Quantities by item.
pub(crate) type Cart = BTreeMap<String, u32>;

pub(crate) const CART: Field<Cart> = Field::new("cart");

/// Your table of carts, by user.
#[derive(Debug, Clone, Default)]
pub struct Carts(Arc<Mutex<BTreeMap<String, Cart>>>);

pub(crate) fn with_one_more(cart: Option<Cart>, item: &str) -> Cart {
    let mut cart = cart.unwrap_or_default();
    *cart.entry(item.to_owned()).or_default() += 1;
    cart
}

impl Carts {
    pub(crate) fn add(&self, user: String, item: &str) {
        let mut carts = self.all();
        let cart = carts.remove(&user);
        carts.insert(user, with_one_more(cart, item));
    }

    /// Adds a guest's cart to a user's; not the sum, which a second merge would double.
    pub(crate) fn merge(&self, user: &str, guests: Cart) {
        let mut carts = self.all();
        let cart = carts.entry(user.to_owned()).or_default();
        for (item, count) in guests {
            let present = cart.entry(item).or_default();
            *present = count.max(*present);
        }
    }

    pub(crate) fn of(&self, user: &str) -> Option<Cart> {
        self.all().get(user).cloned()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Cart>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
