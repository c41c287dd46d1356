//! Owners' epochs: what ends the sealed sessions of one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pollster::block_on;
use session_core::{Epochs, Sealed, StoreError};

use super::NEW;
use super::world::{World, keys, write};

/// One owner's epoch, and how often it was asked for.
#[derive(Debug, Clone, Default)]
struct Column(Arc<(AtomicU64, AtomicUsize)>);

const DOWN: u64 = u64::MAX;

#[async_trait]
impl Epochs for Column {
    async fn epoch(&self, owner: &str) -> Result<u64, StoreError> {
        assert_eq!(owner, "ada");
        self.0.1.fetch_add(1, Ordering::SeqCst);
        match self.0.0.load(Ordering::SeqCst) {
            DOWN => Err(StoreError::new("the column can't be read")),
            epoch => Ok(epoch),
        }
    }
}

#[test]
fn a_raised_epoch_ends_what_began_before_it() {
    let column = Column::default();
    let set = |epoch| column.0.0.store(epoch, Ordering::SeqCst);
    let sealed = Sealed::by(keys(&[NEW])).in_epochs(column.clone());
    let world = World::new(sealed, |policy| policy);
    let visitor = world.request("", write);
    assert!(world.opens(visitor.as_bytes()));
    assert_eq!(
        column.0.1.load(Ordering::SeqCst),
        0,
        "nobody is asked about"
    );
    set(5);
    let ada = world.request(&visitor, |session| session.sign_in("ada").unwrap());
    let later = world.request(&ada, write);
    let cycled = world.request(&later, |session| session.cycle().unwrap());
    for value in [&ada, &later, &cycled] {
        assert!(world.opens(value.as_bytes()));
    }
    set(6);
    for value in [&ada, &later, &cycled] {
        assert!(!world.opens(value.as_bytes()));
    }
    // A lower one than the session's ends nothing.
    let again = world.request("", |session| session.sign_in("ada").unwrap());
    set(4);
    assert!(world.opens(again.as_bytes()));
    set(6);
    // Who authenticates anew is of the present epoch.
    let anew = world.request(&again, |session| session.reauthenticate().unwrap());
    world.clock.advance(Duration::from_secs(1));
    set(7);
    assert!(!world.opens(anew.as_bytes()));
    assert!(world.opens(visitor.as_bytes()));
}

#[test]
fn an_epoch_that_is_not_known_is_an_outage_and_leaves_the_cookie_alone() {
    let column = Column::default();
    let sealed = Sealed::by(keys(&[NEW])).in_epochs(column.clone());
    let world = World::new(sealed, |policy| policy);
    let ada = world.request("", |session| session.sign_in("ada").unwrap());
    column.0.0.store(DOWN, Ordering::SeqCst);
    let cookie = format!("s={ada}");
    let request = world.sessions.open([cookie.as_bytes()]);
    let error = block_on(request.handle().load()).unwrap_err();
    assert_eq!(error.status(), 503);
    let reply = block_on(request.commit(503)).unwrap();
    assert!(reply.set_cookie().is_none() && reply.is_opened());
    // Nor does anybody sign in meanwhile; a logout needs nobody.
    let login = world.attempt(b"", |session| session.sign_in("ada").unwrap());
    let login = login.unwrap_err();
    assert_eq!(login.error().status(), 503);
    assert!(login.reply().set_cookie().is_none());
    let request = world.sessions.open([cookie.as_bytes()]);
    request.handle().destroy().unwrap();
    let reply = block_on(request.commit(204)).unwrap();
    assert!(reply.set_cookie().unwrap().contains("Max-Age=0"));
}
