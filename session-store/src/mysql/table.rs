use sqlx::{AssertSqlSafe, Error, MySqlConnection, Row as _};

use crate::server::Kind;

/// The table's name, which has been checked.
#[derive(Debug)]
pub(super) struct Table(pub(super) String);

impl Table {
    pub(super) fn quoted(&self) -> String {
        format!("`{}`", self.0)
    }

    /// See [`Dialect::prepare`](crate::server::Dialect::prepare).
    pub(super) async fn prepare(&self, connection: &mut MySqlConnection) -> Result<Kind, Error> {
        if let Some(kind) = self.find(connection).await? {
            return Ok(kind);
        }
        // The server runs one such statement at a time; the others find the table.
        let sql = SCHEMA.replace("`session`", &self.quoted());
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *connection)
            .await?;
        let made = self.find(connection).await?;
        Ok(made.unwrap_or(Kind::Foreign))
    }

    async fn find(&self, connection: &mut MySqlConnection) -> Result<Option<Kind>, Error> {
        // Some servers return bytes without the casts.
        let columns = sqlx::query(
            "SELECT CAST(LOWER(column_name) AS CHAR), CAST(LOWER(data_type) AS CHAR), \
             CAST(is_nullable AS CHAR), CAST(column_key AS CHAR) \
             FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .bind(&self.0)
        .fetch_all(connection)
        .await?;
        if columns.is_empty() {
            return Ok(None);
        }
        let mut columns = columns
            .iter()
            .map(|row| {
                let key = row.try_get(3)?;
                Ok((
                    row.try_get(0)?,
                    row.try_get(1)?,
                    row.try_get::<&str, _>(2)? == "NO",
                    // Other indexes of the column do not matter.
                    if key == "MUL" { "" } else { key },
                ))
            })
            .collect::<Result<Vec<(&str, &str, bool, &str)>, Error>>()?;
        columns.sort_unstable();
        Ok(Some(if columns == COLUMNS {
            Kind::Ours
        } else {
            Kind::Foreign
        }))
    }
}

const SCHEMA: &str = include_str!("../../migrations/mysql.sql");

/// Name, type, whether it is mandatory, and its unique index; sorted by name.
const COLUMNS: [(&str, &str, bool, &str); 21] = [
    ("address", "varbinary", false, ""),
    ("authenticated", "bigint", false, ""),
    ("closed", "tinyint", true, ""),
    ("created", "bigint", true, ""),
    ("credential", "binary", false, ""),
    ("data", "longblob", true, ""),
    ("earlier", "binary", false, ""),
    ("expires", "bigint", true, ""),
    ("expiry", "varchar", true, ""),
    ("id", "bigint", true, "PRI"),
    ("issued", "bigint", true, ""),
    ("key", "varbinary", true, "UNI"),
    ("label", "varbinary", false, ""),
    ("owner", "varbinary", false, ""),
    ("present", "binary", true, ""),
    ("remembered", "binary", false, ""),
    ("remembered_until", "bigint", false, ""),
    ("revision", "bigint", true, ""),
    ("salt", "binary", false, ""),
    ("seen", "bigint", true, ""),
    ("tag", "varbinary", false, ""),
];
