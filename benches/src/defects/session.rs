use anyhow::Result;

use super::Hold;

/// What every library's sessions can do, each by its documented means.
pub(super) trait Session {
    /// Returns a value.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<i64>>> + Send;

    /// Sets a value.
    fn put(&self, key: &str, value: i64) -> impl Future<Output = Result<()>> + Send;

    /// Removes a value.
    fn remove(&self, key: &str) -> impl Future<Output = Result<()>> + Send;

    /// Adds one: by the library's exact means if it has one, else by reading and setting at once.
    fn add(&self, key: &str) -> impl Future<Output = Result<()>> + Send;

    /// Adds one by the library's function that changes a value in place; `None` if there is no such function.
    fn update(&self, _key: &str) -> impl Future<Output = Option<Result<()>>> + Send {
        std::future::ready(None)
    }

    /// Removes all values; `None` if there is no such function.
    fn clear(&self) -> impl Future<Output = Option<Result<()>>> + Send;

    /// Signs a user in: a new id, and the value `user`.
    fn login(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Ends the session.
    fn logout(&self) -> impl Future<Output = Result<()>> + Send;
}

/// Plays a request's handler; `/get/a` is the act `get` on `a`. Returns the status and the body.
pub(super) async fn perform(
    session: &mut impl Session,
    act: &str,
    key: &str,
    hold: &Hold,
) -> (u16, String) {
    match played(session, act, key, hold).await {
        Ok(played) => played,
        Err(error) => (500, error.to_string()),
    }
}

async fn played(
    session: &mut impl Session,
    act: &str,
    key: &str,
    hold: &Hold,
) -> Result<(u16, String)> {
    let mut status = 200;
    match act {
        "get" => {
            let value = session.get(key).await?;
            return Ok((200, value.map_or("-".into(), |value| value.to_string())));
        }
        "put" => session.put(key, 1).await?,
        "slow-put" => {
            session.get(key).await?;
            hold.pass().await;
            session.put(key, 1).await?;
        }
        "add" => session.add(key).await?,
        "slow-add" => {
            session.get(key).await?;
            hold.pass().await;
            session.add(key).await?;
        }
        "update" => match session.update(key).await {
            Some(updated) => updated?,
            None => status = 501,
        },
        "remove" => session.remove(key).await?,
        "clear-put" => match session.clear().await {
            Some(cleared) => {
                cleared?;
                session.put(key, 1).await?;
            }
            None => status = 501,
        },
        "login" => session.login().await?,
        "failed-login" => {
            session.login().await?;
            status = 500;
        }
        "slow-login" => {
            session.login().await?;
            hold.pass().await;
        }
        "logout" => session.logout().await?,
        "logout-put" => {
            session.logout().await?;
            session.put(key, 1).await?;
        }
        other => anyhow::bail!("no act {other}"),
    }
    Ok((status, String::new()))
}
