use std::sync::Arc;

use session_core::StoreError;
use session_core::django::{SecretKeys, Signer};

#[cfg(feature = "redis")]
use super::cache::Cache;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::form::Form;
use super::options::DjangoOptions;
use super::renames::Renames;
use super::site::Site;
use super::table::Table;
use super::{DjangoStore, schema};
use crate::home::{AtHome, Home};
#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::server::{self, Pool};

impl DjangoStore {
    /// Opens a site's database with the defaults of [`DjangoOptions`]: `sqlite:PATH`,
    /// `postgres://…` or `mysql://…`, as far as their features are on.
    ///
    /// # Errors
    ///
    /// The database can't be reached, is read-only, or has not Django's table; or the user lacks a right.
    /// The message names the database and the remedy, and no password.
    pub async fn open(url: &str, keys: &SecretKeys) -> Result<Self, StoreError> {
        Box::pin(Self::open_with(url, keys, DjangoOptions::new())).await
    }

    /// Opens a site's database.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); or an option has a value that can't be meant.
    pub async fn open_with(
        url: &str,
        keys: &SecretKeys,
        options: DjangoOptions,
    ) -> Result<Self, StoreError> {
        options.check()?;
        let (url, home) = (url.to_owned(), Home::new()?);
        Self::at(home, keys, options, async move |home, options| {
            by_url(&url, home, options).await
        })
        .await
    }

    /// Opens a store on a pool that the application has, of `sqlx` 0.9.
    ///
    /// Each call takes a connection of the pool and gives it back; see
    /// [`SqliteStore::from_pool`](crate::SqliteStore::from_pool).
    ///
    /// # Errors
    ///
    /// As [`open_with`](Self::open_with); and if it is not called in a tokio runtime.
    #[cfg(feature = "sqlite")]
    pub async fn from_sqlite_pool(
        pool: sqlx::SqlitePool,
        keys: &SecretKeys,
        options: DjangoOptions,
    ) -> Result<Self, StoreError> {
        options.check()?;
        Self::at(Home::here()?, keys, options, async move |_, options| {
            let settings = sqlite_settings("", &options);
            let table = crate::sqlite::Table(options.table.clone());
            let database =
                crate::sqlite::open_pool(pool, &settings, &schema::Theirs(&table)).await?;
            let table = super::sqlite::SqliteTable::new(database, &options.table, options.form());
            Ok(Box::new(table) as Box<dyn Table>)
        })
        .await
    }

    /// Opens a store on a pool that the application has, of `sqlx` 0.9.
    ///
    /// Each call takes a connection of the pool and gives it back; see
    /// [`PostgresStore::from_pool`](crate::PostgresStore::from_pool).
    ///
    /// # Errors
    ///
    /// As [`open_with`](Self::open_with); and if it is not called in a tokio runtime.
    #[cfg(feature = "postgres")]
    pub async fn from_postgres_pool(
        pool: sqlx::PgPool,
        keys: &SecretKeys,
        options: DjangoOptions,
    ) -> Result<Self, StoreError> {
        options.check()?;
        Self::at(Home::here()?, keys, options, async move |home, options| {
            let settings = crate::PostgresOptions::for_pool().table(&options.table);
            let dialect = settings.timeout(options.timeout).on(&pool)?;
            let pool = Pool::shared(dialect, home, pool, options.timeout);
            on_server(pool, &options, postgres_form(&options)).await
        })
        .await
    }

    /// Opens a store on a pool that the application has, of `sqlx` 0.9.
    ///
    /// Each call takes a connection of the pool and gives it back; see
    /// [`MysqlStore::from_pool`](crate::MysqlStore::from_pool).
    ///
    /// # Errors
    ///
    /// As [`open_with`](Self::open_with); and if it is not called in a tokio runtime.
    #[cfg(feature = "mysql")]
    pub async fn from_mysql_pool(
        pool: sqlx::MySqlPool,
        keys: &SecretKeys,
        options: DjangoOptions,
    ) -> Result<Self, StoreError> {
        options.check()?;
        Self::at(Home::here()?, keys, options, async move |home, options| {
            let settings = crate::MysqlOptions::for_pool().table(&options.table);
            let dialect = settings.timeout(options.timeout).on(&pool)?;
            let pool = Pool::shared(dialect, home, pool, options.timeout);
            let form = options.form();
            on_server(pool, &options, form).await
        })
        .await
    }

    /// Closes the store's connections once the running calls are done, and ends the removal of expired
    /// sessions; later calls fail.
    ///
    /// The application's pool stays open.
    pub async fn close(&self) {
        self.0.stop_sweeping().await;
        let close = async |site: Arc<Site>| {
            site.table.close().await;
            #[cfg(feature = "redis")]
            if let Some(cache) = &site.cache {
                cache.close();
            }
            Ok(())
        };
        // Where the home is gone, so are the connections.
        let _ = self.0.call(close).await;
    }

    async fn at<F>(
        home: Home,
        keys: &SecretKeys,
        options: DjangoOptions,
        open: impl FnOnce(Home, DjangoOptions) -> F,
    ) -> Result<Self, StoreError>
    where
        F: Future<Output = Result<Box<dyn Table>, StoreError>> + Send + 'static,
    {
        let signer = Signer::sessions(keys);
        let (sweeping, must_be_readable) = (options.sweeping, options.must_be_readable);
        #[cfg(feature = "redis")]
        let cache = options
            .cache
            .as_ref()
            .map(|cache| Cache::new(cache, home.clone()));
        #[cfg(feature = "redis")]
        let cache = cache.transpose()?;
        let opened = AtHome::open_at(home, |home| {
            let table = open(home, options);
            async move {
                let table = table.await?;
                table.check().await?;
                Ok(Site {
                    table,
                    signer,
                    renames: Renames::default(),
                    #[cfg(feature = "redis")]
                    cache,
                })
            }
        });
        let opened = opened.await?;
        let sample = async |site: Arc<Site>| site.sample().await;
        match opened.call(sample).await {
            Ok(None) => {}
            Ok(Some(sample)) if must_be_readable && sample.is_of_strangers() => {
                return Err(StoreError::new(sample.describe()));
            }
            Ok(Some(sample)) => tracing::warn!("{}", sample.describe()),
            Err(error) if must_be_readable => return Err(error),
            Err(error) => tracing::debug!(%error, "no session was tried"),
        }
        Ok(Self(opened.sweeping(sweeping)))
    }
}

async fn by_url(
    url: &str,
    home: Home,
    options: DjangoOptions,
) -> Result<Box<dyn Table>, StoreError> {
    #[cfg(not(any(feature = "mysql", feature = "postgres")))]
    let _ = home;
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            let path = url.trim_start_matches("sqlite:");
            let path = path.strip_prefix("//").unwrap_or(path);
            let settings = sqlite_settings(path, &options);
            let table = crate::sqlite::Table(options.table.clone());
            let database = crate::sqlite::open_theirs(&settings, &schema::Theirs(&table)).await?;
            let table = super::sqlite::SqliteTable::new(database, &options.table, options.form());
            Ok(Box::new(table))
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let settings = crate::PostgresOptions::new(url).table(&options.table);
            let dialect = settings.timeout(options.timeout).check()?;
            let pool = Pool::new(dialect, home, options.connections, options.timeout);
            on_server(pool, &options, postgres_form(&options)).await
        }
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => {
            let settings = crate::MysqlOptions::new(url).table(&options.table);
            let dialect = settings.timeout(options.timeout).check()?;
            let pool = Pool::new(dialect, home, options.connections, options.timeout);
            on_server(pool, &options, options.form()).await
        }
        _ => Err(StoreError::new(
            "the database's URL must begin with sqlite:, postgres:// or mysql://, and session-store \
             needs the feature of that name",
        )),
    }
}

#[cfg(feature = "sqlite")]
fn sqlite_settings(path: &str, options: &DjangoOptions) -> crate::SqliteOptions {
    let settings = crate::SqliteOptions::new(path).table(&options.table);
    let settings = settings
        .readers(options.connections)
        .timeout(options.timeout);
    match options.migration {
        crate::sql::Migration::Allowed => settings,
        crate::sql::Migration::Never => settings.without_migration(),
    }
}

/// PostgreSQL's moments need no zone.
#[cfg(feature = "postgres")]
fn postgres_form(options: &DjangoOptions) -> Form {
    Form {
        column: session_core::django::Zone::use_tz(),
        ..options.form()
    }
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn on_server<D: super::server::DjangoDialect>(
    pool: Pool<D>,
    options: &DjangoOptions,
    form: Form,
) -> Result<Box<dyn Table>, StoreError> {
    server::refuse_unfit(&pool).await?;
    let schema = schema::Theirs(pool.server());
    server::prepare(&pool, &schema, options.migration).await?;
    Ok(Box::new(super::server::ServerTable::new(
        pool,
        options.timeout,
        form,
    )))
}
