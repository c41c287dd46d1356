use std::sync::Arc;

use super::sealed_text;
use super::sealing_keys::{NONCE, SealingKeys, bound};
use super::sessions::Sessions;
use crate::{Enclosed, Entropy, Envelope, Epochs, Moment, Policy, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Sessions that are in their cookies, encrypted; see [`Sessions::sealed`].
///
/// ```
/// use session_core::{Policy, SealingKeys, Sealed, Sessions};
///
/// let keys = SealingKeys::new("a secret of 32 characters or more")?;
/// let sessions = Sessions::sealed(Policy::default(), Sealed::by(keys));
///
/// # pollster::block_on(async {
/// let request = sessions.open([]);
/// request.handle().load().await?.insert("theme", "dark")?;
/// let reply = request.commit(200).await?;
/// let cookie = reply.set_cookie().unwrap();
/// assert!(cookie.starts_with("__Host-session=") && !cookie.contains("dark"));
///
/// let next = sessions.open([cookie.split(';').next().unwrap().as_bytes()]);
/// assert_eq!(next.handle().load().await?.get("theme")?, Some("dark".to_owned()));
/// # Ok::<(), session_core::SessionError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sealed {
    keys: SealingKeys,
    epochs: Option<Arc<dyn Epochs>>,
}

impl Sealed {
    /// Seals with these keys.
    #[must_use]
    pub fn by(keys: SealingKeys) -> Self {
        let epochs = None;
        Self { keys, epochs }
    }

    /// Asks for owners' epochs.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use session_core::{Epochs, Policy, SealingKeys, Sealed, Sessions, StoreError};
    ///
    /// /// In place of a column beside the password.
    /// #[derive(Debug)]
    /// struct Column(&'static AtomicU64);
    ///
    /// #[async_trait::async_trait]
    /// impl Epochs for Column {
    ///     async fn epoch(&self, _owner: &str) -> Result<u64, StoreError> {
    ///         Ok(self.0.load(Ordering::SeqCst))
    ///     }
    /// }
    ///
    /// static COLUMN: AtomicU64 = AtomicU64::new(3);
    /// # let keys = SealingKeys::new("a secret of 32 characters or more")?;
    /// let sealed = Sealed::by(keys).in_epochs(Column(&COLUMN));
    /// let sessions = Sessions::sealed(Policy::development(), sealed);
    /// # pollster::block_on(async {
    /// let login = sessions.open([]);
    /// login.handle().load().await?.sign_in("ada")?;
    /// let reply = login.commit(200).await?;
    /// let cookie = reply.set_cookie().unwrap().split(';').next().unwrap();
    ///
    /// let owner = async || {
    ///     let request = sessions.open([cookie.as_bytes()]);
    ///     Ok::<_, session_core::SessionError>(request.handle().load().await?.owner())
    /// };
    /// assert_eq!(owner().await?.as_deref(), Some("ada"));
    /// COLUMN.fetch_add(1, Ordering::SeqCst); // the password has changed
    /// assert_eq!(owner().await?, None);
    /// # Ok::<(), session_core::SessionError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn in_epochs(mut self, epochs: impl Epochs) -> Self {
        self.epochs = Some(Arc::new(epochs));
        self
    }
}

impl Sessions {
    /// Keeps sessions in their cookies, encrypted with XChaCha20-Poly1305, without a store.
    ///
    /// The browser can neither read nor change its session: the text is bound to the cookie's name, and the
    /// limits of its life are in it. It is not compressed, since the length would tell of what is in it.
    ///
    /// What needs a store is not to be had: a logout only asks the browser to forget, and a copy of the cookie
    /// stays good until it is over (or until the owner's [epoch](Sealed::in_epochs) is raised); of two
    /// requests at once the later answer counts, so an `update` is not exact; nobody's sessions are listed,
    /// and none is ended from elsewhere ([`StoreError::is_unsupported`], a 501). A change that needs more than 4,096
    /// bytes of name and value fails with [`SessionError::TooLarge`](crate::SessionError::TooLarge): about 2,900 bytes
    /// of JSON fit.
    ///
    /// # Panics
    ///
    /// As [`in_cookies`](Self::in_cookies).
    #[track_caller]
    #[must_use]
    pub fn sealed(policy: Policy, sealed: Sealed) -> Self {
        let envelope = Seal {
            bound: bound(policy.cookie_name()),
            entropy: Arc::clone(&policy.entropy),
            sealed,
        };
        Self::in_cookies(policy, envelope)
    }
}

/// The form of one policy's cookie.
#[derive(Debug)]
struct Seal {
    /// What a text is bound to.
    bound: Box<[u8]>,
    entropy: Arc<dyn Entropy>,
    sealed: Sealed,
}

impl Envelope for Seal {
    fn open(&self, value: &[u8], _: Moment) -> Option<Enclosed> {
        // One text has one spelling: what is beside the alphabet, padded or left over is refused.
        let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        sealed_text::read(&self.sealed.keys.open(&self.bound, &sealed)?)
    }

    fn seal(&self, _: Option<&[u8]>, session: &Enclosed, _: Moment) -> Result<String, StoreError> {
        let mut nonce = [0; NONCE];
        let drawn = self.entropy.fill(&mut nonce);
        drawn.map_err(|error| StoreError::new("no random nonce").caused_by(error))?;
        let text = sealed_text::write(session);
        let sealed = self.sealed.keys.seal(nonce, &self.bound, &text);
        let sealed = sealed.ok_or_else(|| StoreError::new("the session can't be sealed"))?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn epochs(&self) -> Option<&dyn Epochs> {
        self.sealed.epochs.as_deref()
    }
}
