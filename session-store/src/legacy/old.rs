use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use session_core::{Cursor, Moment, StoreError};

use super::form::Form;
use super::owner::{Asked, Owner, Told};
use super::table::{Page, Row, Table};
use super::turns::{Turn, Turns};
use super::values::LegacyValues;
use crate::home::AtHome;

/// The old sessions, at home.
#[derive(Clone)]
pub(super) struct Old {
    pub(super) table: AtHome<Box<dyn Table>>,
    pub(super) form: Form,
    pub(super) owner: Option<Asked>,
    turns: Turns,
    pub(super) told: Arc<Told>,
}

impl Old {
    pub(super) fn new(
        table: AtHome<Box<dyn Table>>,
        form: Form,
        owner: Option<Asked>,
        limit: Duration,
    ) -> Self {
        Self {
            table,
            form,
            owner,
            turns: Turns::new(limit),
            told: Arc::default(),
        }
    }

    pub(super) async fn whose(&self, values: &LegacyValues) -> Result<Owner, StoreError> {
        match &self.owner {
            Some(owner) => owner.whose(values).await,
            None => Ok(Owner::Nobody),
        }
    }

    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        let turns = self.turns.clone();
        self.table.call(async move |_| turns.take().await).await
    }

    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let check = async |table: Arc<Box<dyn Table>>| table.check().await;
        self.table.call(check).await
    }

    pub(super) async fn read(&self, id: &str) -> Result<Option<Row>, StoreError> {
        let id = id.to_owned();
        let read = async move |table: Arc<Box<dyn Table>>| table.read(&id).await;
        self.table.call(read).await
    }

    pub(super) async fn swap(&self, id: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        let (id, old, new) = (id.to_owned(), old.to_owned(), new.to_owned());
        let swap = async move |table: Arc<Box<dyn Table>>| table.swap(&id, &old, &new).await;
        self.table.call(swap).await
    }

    pub(super) async fn remove(
        &self,
        id: &str,
        only: Option<&[u8]>,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let (id, only) = (id.to_owned(), only.map(<[u8]>::to_owned));
        let remove =
            async move |table: Arc<Box<dyn Table>>| table.remove(&id, only.as_deref(), now).await;
        self.table.call(remove).await
    }

    pub(super) async fn page(&self, from: &Cursor, limit: usize) -> Result<Page, StoreError> {
        let from = from.clone();
        let page = async move |table: Arc<Box<dyn Table>>| table.page(&from, limit).await;
        self.table.call(page).await
    }
}

impl fmt::Debug for Old {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.form, self.table)
    }
}
