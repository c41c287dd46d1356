use core::net::IpAddr;
use std::fmt;
use std::sync::Arc;

use crate::port::address::network;
use crate::port::label::label;
use crate::{Record, Stamp, Tag};

/// A sign-in: an owner, and what the application says of the device and of the login.
///
/// All but the owner is optional, and belongs to the new session alone: a second sign-in says it anew. `Debug` shows
/// none of it.
///
/// ```
/// use session_core::{SessionError, SignIn, Stamp};
///
/// fn login(session: &session_core::Session, stamp: Stamp) -> Result<(), SessionError> {
///     let address = "203.0.113.77".parse().unwrap();
///     session.sign_in(SignIn::of("ada").label("Ada's phone").address(address).credential(stamp))
/// }
/// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
/// # let stamp = session_core::StampKey::new(&[7; 32]).unwrap().stamp("ada", b"hash");
/// # pollster::block_on(async {
/// let request = sessions.open([]);
/// let session = request.handle().load().await?;
/// login(&session, stamp)?;
/// session.save().await?;
/// let [device] = &session.devices().await?[..] else { panic!() };
/// assert_eq!(device.label.as_deref(), Some("Ada's phone"));
/// assert_eq!(device.address.as_deref(), Some("203.0.113.0/24"));
/// # Ok::<(), SessionError>(()) })?;
/// # Ok::<(), SessionError>(())
/// ```
#[derive(Clone)]
#[must_use = "it says who signs in; give it to `Session::sign_in`"]
pub struct SignIn {
    pub(crate) owner: Arc<str>,
    /// In a box, since most logins say nothing more.
    facts: Option<Box<Facts>>,
}

#[derive(Clone, Default)]
struct Facts {
    label: Option<Arc<str>>,
    address: Option<Arc<str>>,
    tag: Option<Arc<str>>,
    credential: Option<Stamp>,
}

impl SignIn {
    /// Begins a sign-in of an owner, a text of 1 to 255 bytes.
    ///
    /// Who has the same name in the same store is the same owner, also with another cookie: sees its devices, and ends them. So where
    /// visitors choose their names, give those of administrators what no visitor's can begin with, such as `admin:root`.
    pub fn of(owner: impl Into<Arc<str>>) -> Self {
        Self {
            owner: owner.into(),
            facts: None,
        }
    }

    /// Names the device for its owner, as in a list of devices.
    ///
    /// Control characters, marks that reorder text or show nothing, and ends of lines are removed; 64 characters
    /// and 255 bytes are kept. Never a raw `User-Agent`, which is long and tells browsers apart; of one, the feature
    /// `user-agent` makes a label (`device_label`). Escape it where it is shown.
    pub fn label(mut self, text: &str) -> Self {
        self.facts().label = label(text);
        self
    }

    /// Keeps the network of the client's address: the first 24 bits of an IPv4 address, or the first 48 of an IPv6 one.
    ///
    /// It is personal data all the same. Behind a proxy, take the address that the proxy vouches for.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.facts().address = Some(network(address));
        self
    }

    /// Gives the session a second name, by which [`Sessions::revoke_tagged`](crate::Sessions::revoke_tagged) ends it.
    pub fn tag(mut self, tag: &Tag) -> Self {
        self.facts().tag = Some(tag.text());
        self
    }

    /// Keeps the stamp of the credential that the owner has just shown, for
    /// [`check_credential`](crate::Session::check_credential).
    pub fn credential(mut self, stamp: Stamp) -> Self {
        self.facts().credential = Some(stamp);
        self
    }

    fn facts(&mut self) -> &mut Facts {
        self.facts.get_or_insert_default()
    }

    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.facts.as_ref()?.credential
    }

    /// Writes what it says to a new record, but for the credential's stamp, which a re-authentication may bring too.
    pub(crate) fn write_to(&self, record: &mut Record) {
        record.owner = Some(Arc::clone(&self.owner));
        if let Some(facts) = &self.facts {
            record.label.clone_from(&facts.label);
            record.address.clone_from(&facts.address);
            record.tag.clone_from(&facts.tag);
        }
    }
}

impl From<&str> for SignIn {
    fn from(owner: &str) -> Self {
        Self::of(owner)
    }
}

impl From<&String> for SignIn {
    fn from(owner: &String) -> Self {
        Self::of(&**owner)
    }
}

impl From<String> for SignIn {
    fn from(owner: String) -> Self {
        Self::of(owner)
    }
}

impl From<Arc<str>> for SignIn {
    fn from(owner: Arc<str>) -> Self {
        Self::of(owner)
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}
