use std::pin::Pin;
use std::task::{Context, Waker};

pub(crate) type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Returns every order in which tasks can take these numbers of steps.
pub(crate) fn orders(steps: &mut [usize]) -> Vec<Vec<usize>> {
    let mut orders = Vec::new();
    for task in 0..steps.len() {
        if steps[task] > 0 {
            steps[task] -= 1;
            orders.extend(orders_after(task, steps));
            steps[task] += 1;
        }
    }
    if orders.is_empty() {
        orders.push(Vec::new());
    }
    orders
}

fn orders_after(first: usize, steps: &mut [usize]) -> impl Iterator<Item = Vec<usize>> {
    let rest = orders(steps).into_iter();
    rest.map(move |rest| [vec![first], rest].concat())
}

/// Runs the tasks in an order of steps, and then to their ends; calls `done` after each end.
pub(crate) fn run(tasks: &mut [Option<Task<'_>>], order: &[usize], mut done: impl FnMut(usize)) {
    let rest = (0..tasks.len()).flat_map(|task| [task; 9]);
    for task in order.iter().copied().chain(rest) {
        let Some(future) = &mut tasks[task] else {
            continue;
        };
        let mut context = Context::from_waker(Waker::noop());
        if future.as_mut().poll(&mut context).is_ready() {
            tasks[task] = None;
            done(task);
        }
    }
    assert!(tasks.iter().all(Option::is_none));
}
