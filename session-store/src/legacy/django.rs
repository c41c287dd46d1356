use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::{RawValue, to_raw_value};
use session_core::django::{Auth, Signer, from_strict, to_strict};
use session_core::{Command, Cursor, Key, Moment, Only, Store, StoreError};

use super::form::{Content, Form, MARK};
use super::owner::{Asked, Kept, Owner};
use super::table::{Page, Row, Table};
use super::{Legacy, LegacyMismatch, LegacyValues, Old};
use crate::DjangoStore;
use crate::django::{Change, DjangoForm, Placed, Row as DjangoRow};
use crate::home::{AtHome, Home};

/// How a Django site writes its rows; a row's bytes are its end, a line break and its data.
pub(super) struct Site {
    pub(super) signer: Signer,
    pub(super) form: DjangoForm,
}

impl Legacy {
    /// The sessions of a Django site, for an application that leaves Django, and its table, with nobody logged out.
    ///
    /// Its [cookie](session_core::LegacyCookie) is the site's `SESSION_COOKIE_NAME`, `sessionid` by default. All of Django's
    /// values are among the session's, and to Django a session on its way has one more. Where both go on together,
    /// [`DjangoStore`] shares the table instead.
    ///
    /// The owner is the user's id, `_auth_user_id`, if Django would let that user in. `password` finds the column of that
    /// name in the user table, as [`Auth::check`] needs it; it is asked some times for each session. A session whose user
    /// is gone, or has another password since, is over: it opens nothing, and stays in the table. One that
    /// a backend has begun that `auth` does [not list](Auth::backends) can't be judged: it stays, and the log tells so. For sites whose users have no
    /// `get_session_auth_hash`, [`owner`](Self::owner) takes the place of all that.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use session_core::django::{Auth, SecretKeys};
    /// use session_core::{LegacyCookie, Policy, Sessions, Store, StoreError};
    /// use session_store::{DjangoStore, Legacy};
    ///
    /// # struct Users;
    /// # impl Users { async fn password_of(&self, id: &str) -> Result<Option<String>, StoreError> { Ok(None) } }
    /// # async fn open(django: DjangoStore, keys: SecretKeys, users: Arc<Users>, store: Arc<dyn Store>) -> Result<Sessions, StoreError> {
    /// // SELECT password FROM auth_user WHERE id = … AND is_active
    /// let password = move |id: String| {
    ///     let users = Arc::clone(&users);
    ///     async move { users.password_of(&id).await }
    /// };
    /// let old = Legacy::django(django, Auth::new(&keys), password, Arc::clone(&store)).await?;
    /// let sessions = Sessions::shared(Policy::default(), store);
    /// Ok(sessions.adopting(LegacyCookie::new("sessionid"), Arc::new(old)))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The store was closed, or can't be read and written to.
    pub async fn django<F>(
        old: DjangoStore,
        auth: Auth,
        password: impl Fn(String) -> F + Send + Sync + 'static,
        new: Arc<dyn Store>,
    ) -> Result<Self, StoreError>
    where
        F: Future<Output = Result<Option<String>, StoreError>> + Send + 'static,
    {
        old.check().await?;
        let site = old.0.call(async |site| {
            let (signer, form) = (site.signer.clone(), site.table.form().clone());
            Ok((Site { signer, form }, site.table.limit()))
        });
        let (site, limit) = site.await?;
        let table = AtHome::open_at(Home::new()?, |_| async {
            let table: Box<dyn Table> = Box::new(DjangoTable(old));
            Ok(table)
        });
        let owner = owner(auth, password);
        let form = Form::Django(Arc::new(site));
        let old = Old::new(table.await?, form, Some(owner), limit);
        Ok(Self { old, new })
    }
}

/// Says as Django does who is signed in to a session.
fn owner<F>(auth: Auth, password: impl Fn(String) -> F + Send + Sync + 'static) -> Asked
where
    F: Future<Output = Result<Option<String>, StoreError>> + Send + 'static,
{
    let auth = Arc::new(auth);
    Asked::new(move |values| {
        let login = match Login::of(values, &auth) {
            Ok(Some(login)) => login,
            Ok(None) => return Box::pin(ready(Ok(Owner::Nobody))),
            Err(mismatch) => {
                let kept = Kept::Mismatch(mismatch);
                return Box::pin(ready(Ok(Owner::Unclear(kept))));
            }
        };
        let (password, auth) = (password(login.user.clone()), Arc::clone(&auth));
        Box::pin(async move {
            let password = password.await?;
            let is_let_in = password.is_some_and(|password| auth.is_of(&login.hash, &password));
            Ok(if is_let_in {
                Owner::named(login.user)
            } else {
                Owner::Ended
            })
        })
    })
}

/// What a session says of a login.
struct Login {
    user: String,
    hash: String,
}

impl Login {
    fn of(values: &LegacyValues, auth: &Auth) -> Result<Option<Self>, LegacyMismatch> {
        let Some(user) = values.get("_auth_user_id")? else {
            return Ok(None);
        };
        let backend: String = values.get("_auth_user_backend")?.unwrap_or_default();
        if !auth.lists(&backend) {
            let reason = "it was begun by a backend that Auth::backends does not list";
            return Err(LegacyMismatch::new(reason));
        }
        let hash = values.get("_auth_user_hash")?.unwrap_or_default();
        Ok(Some(Self { user, hash }))
    }
}

impl Site {
    pub(super) fn read(&self, row: &[u8], now: Moment) -> Option<Content> {
        let row = parsed(row)?;
        let ends = self.form.moment(&row.ends, now)?;
        let mut values = self.members(&row)?;
        let mark = values.remove(MARK);
        Some(Content {
            values: values.into_iter().collect(),
            ends: Some(ends),
            mark: mark.and_then(|mark| serde_json::from_str(mark.get()).ok()),
        })
    }

    /// The row as Django would write it with one more value, signed when it was.
    pub(super) fn mark(&self, row: &[u8], mark: &str) -> Option<Vec<u8>> {
        let row = parsed(row)?;
        let signed = self.signer.open(&row.token).ok()?.signed_at();
        let mut values = self.members(&row)?;
        values.insert(MARK.to_owned(), to_raw_value(mark).ok()?);
        let json = serde_json::to_string(&values).ok()?;
        let token = self.signer.sign(&from_strict(&json), signed);
        Some(bytes(&DjangoRow { token, ..row }))
    }

    fn members(&self, row: &DjangoRow) -> Option<BTreeMap<String, Box<RawValue>>> {
        let opened = self.signer.open(&row.token).ok()?;
        serde_json::from_str(&to_strict(&opened.json)).ok()
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Django")
    }
}

fn bytes(row: &DjangoRow) -> Vec<u8> {
    format!("{}\n{}", row.ends, row.token).into_bytes()
}

fn parsed(bytes: &[u8]) -> Option<DjangoRow> {
    let (ends, token) = str::from_utf8(bytes).ok()?.split_once('\n')?;
    let (ends, token) = (ends.to_owned(), token.to_owned());
    Some(DjangoRow { token, ends })
}

/// The table, through the store of it.
struct DjangoTable(DjangoStore);

impl DjangoTable {
    async fn swaps(
        &self,
        id: &str,
        old: DjangoRow,
        new: Option<DjangoRow>,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        let swap = async move |site: Arc<crate::django::Site>| {
            let (key, old) = (&*id, &old);
            let change = match &new {
                Some(new) => Change::Swap { key, old, new },
                None => Change::Take { key, old },
            };
            Ok(site.table.change(change).await?.is_done)
        };
        self.0.0.call(swap).await
    }
}

#[async_trait]
impl Table for DjangoTable {
    async fn read(&self, id: &str) -> Result<Option<Row>, StoreError> {
        let id = id.to_owned();
        let find = async move |site: Arc<crate::django::Site>| site.table.find(&id).await;
        let found = self.0.0.call(find).await?;
        Ok(found.map(|row| Row {
            data: bytes(&row),
            left: None,
        }))
    }

    async fn swap(&self, id: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        match (parsed(old), parsed(new)) {
            (Some(old), Some(new)) => self.swaps(id, old, Some(new)).await,
            _ => Ok(false),
        }
    }

    async fn remove(&self, id: &str, only: Option<&[u8]>, now: Moment) -> Result<bool, StoreError> {
        if let Some(only) = only {
            return match parsed(only) {
                Some(old) => self.swaps(id, old, None).await,
                None => Ok(false),
            };
        }
        // This way the site's cache forgets it too.
        let Some(key) = Key::parse_plain(id) else {
            return Ok(false);
        };
        let (key, only) = (&key, Only::Always);
        self.0.write(Command::Delete { key, only }, now).await?;
        Ok(true)
    }

    async fn page(&self, from: &Cursor, limit: usize) -> Result<Page, StoreError> {
        let after = String::from_utf8_lossy(from.as_bytes()).into_owned();
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let batch =
            async move |site: Arc<crate::django::Site>| site.table.batch(&after, most).await;
        let placed: Vec<Placed> = self.0.0.call(batch).await?;
        let last = placed.last().filter(|_| placed.len() >= limit);
        Ok(Page {
            next: last.map(|last| Cursor::from_bytes(last.place.as_bytes())),
            ids: placed.into_iter().map(|placed| placed.key).collect(),
        })
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

impl fmt::Debug for DjangoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
