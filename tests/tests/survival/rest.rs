//! A controller that has nothing more to do.

use std::time::Duration;

use waxwing_tests::{Controller, wait};

/// Requests about objects and Secrets, and attempts to unseal and to renew.
async fn activity(controller: &Controller) -> [u64; 5] {
    let mut sums = [0; 5];
    for (sum, (metric, label)) in sums.iter_mut().zip([
        ("waxwing_api_requests_total", "resource=\"sealedsecrets"),
        (
            "waxwing_api_requests_total",
            "resource=\"clustersealedsecrets",
        ),
        ("waxwing_api_requests_total", "resource=\"secrets"),
        ("waxwing_unseal_total", ""),
        ("waxwing_renewals_total", ""),
    ]) {
        *sum = controller.total(metric, label).await.unwrap();
    }
    sums
}

/// Waits until nothing goes on any more.
pub(crate) async fn comes_to_rest(controller: &Controller) {
    wait::until("the controller to be at rest", async || {
        let before = activity(controller).await;
        // Time enough for three attempts of one that is tried again by and by.
        tokio::time::sleep(Duration::from_secs(8)).await;
        let after = activity(controller).await;
        if before == after {
            Ok(())
        } else {
            Err(format!("{before:?}, {after:?}"))
        }
    })
    .await
    .unwrap();
}
