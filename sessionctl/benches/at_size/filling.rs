use std::sync::Arc;

use session_core::{Clock as _, Command, Moment, Outcome, Record, Store, SystemClock};
use session_testkit::{changed, key_of, record_of};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, SqliteConnection};
use time::Duration;
use tokio::task::JoinSet;

use super::place::{Kind, Place};

/// The owner of a hundredth of the sessions.
pub const ROBOT: &str = "robot";
/// An owner of two sessions.
pub const ADA: &str = "user 4";

/// What a filled store has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filled {
    pub all: usize,
    /// Those of one owner, none of which is over.
    pub robots: usize,
    /// Those that are over, of which Redis keeps none.
    pub over: usize,
    /// Those that nobody has used for long and that are still live.
    pub unused: usize,
}

/// Fills a store: a thousand sessions through the store, and by SQL copies of their rows with other keys and owners.
/// Redis has no such statement, so there each session goes through the store.
pub async fn fill(place: &Place, store: &Arc<dyn Store>, rows: usize) -> Filled {
    let templates = rows.min(TEMPLATES);
    let copies = rows / templates;
    let own = if place.kind == Kind::Single {
        rows
    } else {
        templates
    };
    let mut filled = Filled::default();
    for first in (0..own).step_by(AT_ONCE) {
        let mut writes = JoinSet::new();
        for number in first..own.min(first + AT_ONCE) {
            let (store, record) = (Arc::clone(store), session(number));
            filled.count(number);
            writes.spawn(async move {
                let insert = Command::Insert {
                    key: &key_of(number as u64),
                    record: &record,
                };
                let outcome = store.write(insert, SystemClock.now()).await;
                assert_eq!(outcome.unwrap(), Outcome::Applied);
            });
        }
        writes.join_all().await;
    }
    if place.kind != Kind::Single {
        copy(place, copies).await;
        filled = Filled {
            all: filled.all * copies,
            robots: filled.robots * copies,
            over: filled.over * copies,
            unused: filled.unused * copies,
        };
    }
    filled
}

impl Filled {
    fn count(&mut self, number: usize) {
        self.all += 1;
        match number % 100 {
            0 => self.robots += 1,
            10..20 => self.over += 1,
            20..30 => self.unused += 1,
            _ => {}
        }
    }
}

/// Makes a session as applications have them, some 200 bytes of values.
fn session(number: usize) -> Record {
    let now: Moment = SystemClock.now();
    let place = number % 100;
    let used = match place {
        20..30 => Duration::days(100),
        place => Duration::minutes(10 + i64::try_from(place).unwrap() * 300),
    };
    let ends = if (10..20).contains(&place) {
        -Duration::hours(1)
    } else {
        Duration::days(60)
    };
    let owner = match place {
        0 => Some(ROBOT.to_owned()),
        place if place % 3 == 0 => None,
        _ => Some(format!("user {}", number / 2 * 2)),
    };
    let values = format!(
        r#"{{"cart":[{number},17,4711],"locale":"en-GB","theme":"dark","csrf":"{number:064x}","visits":{number},"note":"{:.<64}"}}"#,
        "as an application has them"
    );
    let used = now - used;
    let owner: Option<Arc<str>> = owner.map(Into::into);
    let mut record = changed!(
        record_of(u32::try_from(number).unwrap()),
        created = used,
        seen = used,
        expires = now + ends,
        authenticated = owner.is_some().then_some(used),
        owner = owner,
        label = Some("Firefox on Linux".into()),
        address = Some("192.0.2.0".into()),
        data = values.into()
    );
    record.secrets.issued = used;
    record
}

/// Copies all rows so many times less one, a few statements at a time.
async fn copy(place: &Place, copies: usize) {
    for first in (1..copies).step_by(STEP) {
        let last = copies.min(first + STEP) - 1;
        let sql = statement(place.kind, first, last);
        let sql = AssertSqlSafe(sql);
        match place.kind {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(&place.url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Kind::Postgresql => {
                let mut connection = PgConnection::connect(&place.url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Kind::Mysql => {
                let mut connection = MySqlConnection::connect(&place.url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Kind::Single | Kind::Cluster => {}
        }
    }
    // As a server does by itself after so many inserts.
    if place.kind == Kind::Postgresql {
        let mut connection = PgConnection::connect(&place.url).await.unwrap();
        let vacuum = sqlx::raw_sql("VACUUM ANALYZE session");
        vacuum.execute(&mut connection).await.unwrap();
    }
}

/// Inserts the copies of some numbers of the rows whose `revision` is below that of a copy.
fn statement(kind: Kind, first: usize, last: usize) -> String {
    let (quoted, key, owner, numbers) = match kind {
        Kind::Sqlite => (
            "key",
            "randomblob(16)".to_owned(),
            format!("CASE owner WHEN '{ROBOT}' THEN owner ELSE owner || '-' || n END"),
            format!(
                "(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last}) SELECT n FROM c)"
            ),
        ),
        Kind::Postgresql => (
            "key",
            "decode(md5(key::text || n), 'hex')".to_owned(),
            format!(
                "CASE owner WHEN '{ROBOT}'::bytea THEN owner ELSE owner || convert_to('-' || n, 'UTF8') END"
            ),
            format!("(SELECT generate_series({first}, {last}) AS n)"),
        ),
        Kind::Mysql | Kind::Single | Kind::Cluster => (
            "`key`",
            "UNHEX(MD5(CONCAT(HEX(`key`), n)))".to_owned(),
            format!("CASE owner WHEN '{ROBOT}' THEN owner ELSE CONCAT(owner, '-', n) END"),
            format!("(SELECT seq AS n FROM seq_{first}_to_{last})"),
        ),
    };
    let same = "present, issued, remembered, earlier, remembered_until, salt, closed, seen, authenticated, expiry, label, address, tag, credential, data";
    format!(
        "INSERT INTO session ({quoted}, revision, created, expires, owner, {same}) \
         SELECT {key}, revision + {COPIED}, created + n, expires + n, {owner}, {same} \
         FROM session CROSS JOIN {numbers} AS numbers WHERE revision < {COPIED}"
    )
}

const TEMPLATES: usize = 1_000;
/// How many copies of each a statement makes.
const STEP: usize = 100;
/// More than any template's revision.
const COPIED: i64 = 1 << 40;
const AT_ONCE: usize = 64;
