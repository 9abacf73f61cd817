//! Putting answers into a connection's write buffer.

use std::time::Instant;

use super::answer::Answer;
use super::framing::Delivery;
use super::problem::Problem;
use super::respond::{BodyLength, HeadFacts, append_head, is_bodiless};
use super::router::{Manners, Router};

/// Makes `answer` say `problem`, in the form of the route or the router.
pub(crate) fn put_problem(
    answer: &mut Answer,
    (router, manners): (&Router, &Manners),
    mut problem: Problem,
    instance: &str,
) {
    if problem.instance.is_empty() {
        instance.clone_into(&mut problem.instance);
    }
    answer.begin();
    let body = router.problem_body(&problem, manners);
    answer.status(problem.status);
    answer.content(body.content_type).extend_from_slice(&body.bytes);
    for (name, value) in &problem.headers {
        answer.header(name, value);
    }
}

/// Appends a whole answer; `head_only` leaves the body out and its true length in.
pub(crate) fn write_answer(
    out: &mut Vec<u8>,
    answer: &Answer,
    delivery: &Delivery,
    head_only: bool,
    now: Instant,
) {
    append_head(
        out,
        &HeadFacts {
            content_type: answer.content_type,
            headers: &answer.headers,
            gate_headers: &answer.gate_headers,
            length: BodyLength::Known(answer.body.len()),
            ..HeadFacts::new(answer.status, delivery, delivery.keep_alive, now)
        },
    );
    if !head_only && !is_bodiless(answer.status) {
        out.extend_from_slice(&answer.body);
    }
}
