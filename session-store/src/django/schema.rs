use sqlx::Error;

use crate::sql::Presence::{Mandatory, Unique};
use crate::sql::{Column, Found, FoundColumn, OLDEST, Schema, Trouble, VERSION};

/// Django's table beside ours: found and made otherwise, and never upgraded.
#[derive(Debug)]
pub(super) struct Theirs<'s, S>(pub(super) &'s S);

/// A database in which Django has its table.
pub(super) trait DjangoSchema: Schema {
    /// Django's columns, with their types as the catalogue calls them, without lengths.
    const COLUMNS: [Column; 3];

    /// The statements by which Django makes its table.
    const CREATION: &'static str;

    /// Returns the columns of the table; none if there is no table.
    fn found(
        &self,
        connection: &mut Self::Link,
    ) -> impl Future<Output = Result<Vec<FoundColumn>, Error>> + Send;
}

impl<S: DjangoSchema> Schema for Theirs<'_, S> {
    type Link = S::Link;

    fn quoted(&self) -> String {
        self.0.quoted()
    }

    fn explain(&self, trouble: &Trouble) -> String {
        match trouble {
            Trouble::Foreign => {
                let columns = S::COLUMNS.map(|Column { name, kind, .. }| format!("{name} {kind}"));
                format!(
                    "it is not Django's table of sessions, which has the columns {}, all of them NOT NULL, and \
                     a unique session_key; name the right table in the store's options",
                    columns.join(", ")
                )
            }
            Trouble::Missing => {
                "it does not exist; run `manage.py migrate`, or let the store make \
                                 it (create)"
                    .to_owned()
            }
            Trouble::NotMade(_) => "it can't be made; run `manage.py migrate`".to_owned(),
            other => other.to_string(),
        }
    }

    fn columns(&self) -> &'static [Column] {
        const { &S::COLUMNS }
    }

    async fn find(&self, connection: &mut Self::Link) -> Result<Option<Found>, Error> {
        let mut columns = self.0.found(connection).await?;
        if columns.is_empty() {
            return Ok(None);
        }
        for column in &mut columns {
            // A length is as good as another: a site may have changed it.
            let kind = column.kind.split('(').next().unwrap_or_default();
            column.kind = kind.trim().to_ascii_lowercase();
        }
        Ok(Some(Found {
            columns,
            // Its versions are Django's affair.
            noted: Some((VERSION, OLDEST)),
            #[cfg(feature = "mysql")]
            indexes: Vec::new(),
        }))
    }

    async fn begin(&self, connection: &mut Self::Link) -> Result<(), Error> {
        self.0.begin(connection).await
    }

    async fn end(&self, connection: &mut Self::Link) -> Result<(), Error> {
        self.0.end(connection).await
    }

    async fn undo(&self, connection: &mut Self::Link) {
        self.0.undo(connection).await;
    }

    async fn run(&self, connection: &mut Self::Link, sql: String) -> Result<(), Error> {
        self.0.run(connection, sql).await
    }

    fn creation(&self) -> String {
        S::CREATION.to_owned()
    }

    fn upgrade(&self, _: &Found, _: &[Column]) -> String {
        String::new()
    }
}

/// Returns the columns, whose types differ.
pub(super) const fn columns(
    key: &'static str,
    data: &'static str,
    ends: &'static str,
) -> [Column; 3] {
    [
        Column::new("session_key", key, Unique),
        Column::new("session_data", data, Mandatory),
        Column::new("expire_date", ends, Mandatory),
    ]
}

/// The only name of a table that the store makes, since the names of its indexes depend on it.
pub(super) const NAME: &str = "django_session";
