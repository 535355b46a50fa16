use aws::Depth;
use ports::PortResult;
use time::{Duration, OffsetDateTime};

use crate::display::span;
use crate::doctor::Finding;
use crate::doctor::state_folder::dead_letter_fix;
use crate::installation::Installation;
use crate::installation::stack::{Depths, StackInstallation};

/// Checks the queues of a stack: numbers of messages and dead letters. The stack's alarms watch how
/// long the oldest message waits.
pub(crate) async fn check(stack: &StackInstallation) -> Vec<(&'static str, Finding)> {
    let mut findings = vec![("state", Finding::ok(format!("{} can be read", stack.name())))];
    match stack.depths().await {
        Ok(depths) => {
            findings.push(("queue", Finding::ok(counts(depths.events))));
            findings.push(("deliveries-queue", Finding::ok(counts(depths.deliveries))));
            findings.push(("dead-letters", dead_letters(stack, &depths).await));
            findings.extend(stack.key_of_topic().map(|key| ("key-policy", key_policy(key))));
        }
        Err(error) => {
            let fix =
                "use an AWS identity that is allowed sqs:GetQueueAttributes on the stack's queues";
            findings.push(("queue", Finding::warning(error.to_string(), fix)));
        }
    }
    findings
}

/// Whether SNS may use the key. Nobody tells the worker where it may not: SNS takes the event, and then cannot send
/// it to an encrypted queue. This command has no client of KMS, so the fix looks for it.
fn key_policy(key: &str) -> Finding {
    Finding::warning(
        format!(
            "not checked: the topic reaches the queues only if the policy of {key} lets sns.amazonaws.com use it \
             (kms:GenerateDataKey*, kms:Decrypt); else its events are lost. The command ends with 0 if it does"
        ),
        format!(
            "aws kms get-key-policy --key-id {key} --policy-name default --output text | grep sns.amazonaws.com"
        ),
    )
}

fn counts(Depth { visible, in_flight, delayed }: Depth) -> String {
    format!("{visible} visible, {in_flight} in flight, {delayed} delayed")
}

async fn dead_letters(stack: &StackInstallation, depths: &Depths) -> Finding {
    let Depths { dead, undelivered, .. } = *depths;
    let mut counts = format!("{dead} events, {undelivered} deliveries");
    if dead + undelivered > 0 {
        // An identity that may not receive from these queues still gets the counts.
        if let Ok(Some(sent)) = oldest_dead(stack).await {
            let age = OffsetDateTime::now_utc() - sent;
            counts = format!("{counts}; the oldest was sent {} ago", span(age.max(Duration::ZERO)));
        }
    }
    match (dead, undelivered) {
        (0, 0) => Finding::ok("none"),
        (0, _) => {
            let detail = format!("{counts}; the consumer's log says why");
            Finding::error(
                detail,
                dead_letter_fix(&format!(" --queue deliveries{}", stack.option())),
            )
        }
        _ => Finding::error(counts, dead_letter_fix(&stack.option())),
    }
}

/// The time at which the oldest of the first dead letters was sent. They are released afterwards; SQS
/// chooses which ones come first, so there may be an older one.
async fn oldest_dead(stack: &StackInstallation) -> PortResult<Option<OffsetDateTime>> {
    const PAGES: usize = 10;
    let (mut queues, mut oldest) = (stack.dead_letters()?, None);
    let mut outcome = Ok(());
    for _ in 0..PAGES {
        match queues.page(None).await {
            Ok(Some(received)) => {
                oldest =
                    received.iter().map(|received| received.dead_letter.sent).chain(oldest).min();
                queues.keep(received);
            }
            Ok(None) => break,
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    queues.release().await.and(outcome).map(|()| oldest)
}
