use crate::closing;
use crate::output::Output;
use crate::storage::{Migration, Storage};
use crate::trouble::Trouble;

/// Makes or upgrades the table, or says whether that is to be done.
pub(crate) async fn run(storage: &Storage, check: bool, output: Output) -> Result<(), Trouble> {
    let migration = if check {
        Migration::Never
    } else {
        Migration::Allowed
    };
    closing(storage.open_to(migration).await?, async |_| {
        output.say(&[("ok", true.into())], "the store is up to date")
    })
    .await
}
