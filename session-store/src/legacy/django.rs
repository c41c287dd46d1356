use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::{RawValue, to_raw_value};
use session_core::django::{Signer, from_strict, to_strict};
use session_core::{Command, Cursor, Key, Moment, Only, Store, StoreError};

use super::form::{Content, Form, MARK};
use super::table::{Page, Row, Table};
use super::{Legacy, LegacyValues, Old};
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
    /// Its [cookie](session_core::LegacyCookie) is the site's `SESSION_COOKIE_NAME`, `sessionid` by default. Whoever is signed in is whom
    /// `_auth_user_id` names; to compare `_auth_user_hash` first, as Django does on each request, say so by [`owner`](Self::owner). All of Django's values are among the session's, and to Django a session on its way has one more.
    /// Where both go on together, [`DjangoStore`] shares the table instead.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use session_core::{LegacyCookie, Policy, Sessions, Store, StoreError};
    /// use session_store::{DjangoStore, Legacy};
    ///
    /// # async fn open(django: DjangoStore, store: Arc<dyn Store>) -> Result<Sessions, StoreError> {
    /// let old = Legacy::django(django, Arc::clone(&store)).await?;
    /// let sessions = Sessions::shared(Policy::default(), store);
    /// Ok(sessions.adopting(LegacyCookie::new("sessionid"), Arc::new(old)))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The store was closed.
    pub async fn django(old: DjangoStore, new: Arc<dyn Store>) -> Result<Self, StoreError> {
        let site = old.0.call(async |site| {
            let (signer, form) = (site.signer.clone(), site.table.form().clone());
            Ok(Site { signer, form })
        });
        let form = Form::Django(Arc::new(site.await?));
        let table = AtHome::open_at(Home::new()?, |_| async {
            let table: Box<dyn Table> = Box::new(DjangoTable(old));
            Ok(table)
        });
        let owner = |values: &LegacyValues| values.get("_auth_user_id");
        let old = Old {
            table: table.await?,
            form,
            owner: Some(Arc::new(owner)),
        };
        Ok(Self { old, new })
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

    async fn remove(&self, id: &str, only: Option<&[u8]>) -> Result<bool, StoreError> {
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
        let delete = Command::Delete { key, only };
        self.0.write(delete, Moment::UNIX_EPOCH).await?;
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

    async fn close(&self) {
        self.0.close().await;
    }
}

impl fmt::Debug for DjangoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
