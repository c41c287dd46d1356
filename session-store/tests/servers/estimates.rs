use session_testkit::key_of;

use super::fresh_store;
use crate::estimates::are_near;

#[tokio::test]
async fn the_estimates_are_near() {
    if let Some(store) = fresh_store().await {
        are_near(&store, key_of).await;
    }
}
