//! Commands over the socket: the same function as over HTTP, answered with `ack` or `reject`.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::commands_table::find;
use crate::live::frame::Frame;
use crate::live::op::CommandOp;
use crate::live::wire::Wire;
use crate::problem::Problem;
use std::sync::Arc;
use uuid::Uuid;

/// Carries a command out and gives the frame that answers it.
pub async fn carry_out(app: Arc<App>, caller: Caller, command: CommandOp) -> Wire {
    let request_id = Uuid::now_v7();
    let CommandOp { reference, name, idempotency_key, body, .. } = command;
    let answer = match find(&name) {
        Some(entry) => (entry.run)(app, caller, body.get().as_bytes(), idempotency_key, request_id).await,
        None => Err(Problem::field("/name", "UNKNOWN", "is not the name of a command")),
    };
    match answer {
        Ok(answer) => Frame::Ack {
            reference: &reference,
            position: answer.position,
            status: answer.status.as_u16(),
            data: answer.body,
        }
        .wire(),
        Err(problem) => {
            let request_id = request_id.to_string();
            Frame::Reject { reference: &reference, problem: problem.document(&request_id) }.wire()
        }
    }
}
