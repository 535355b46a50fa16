use std::slice;

use aws::Depth;
use ports::PortResult;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::display::span;
use crate::doctor::Finding;
use crate::doctor::state_folder::dead_letter_fix;
use crate::installation::Installation;
use crate::installation::stack::{Depths, StackInstallation};

/// The service that sends what is published to a topic.
const SNS: &str = "sns.amazonaws.com";
/// What it needs of a key to send to an encrypted queue.
const ACTIONS: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// Checks the queues of a stack: numbers of messages and dead letters. The stack's alarms watch how
/// long the oldest message waits.
pub(crate) async fn check(stack: &StackInstallation) -> Vec<(&'static str, Finding)> {
    let mut findings = vec![("state", Finding::ok(format!("{} can be read", stack.name())))];
    match stack.depths().await {
        Ok(depths) => {
            findings.push(("queue", Finding::ok(counts(depths.events))));
            findings.push(("deliveries-queue", Finding::ok(counts(depths.deliveries))));
            findings.push(("dead-letters", dead_letters(stack, &depths).await));
            if let Some(key) = stack.key_of_topic() {
                findings.push(("key-policy", key_policy(stack, key).await));
            }
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
/// it to an encrypted queue.
async fn key_policy(stack: &StackInstallation, key: &str) -> Finding {
    match stack.key_policy(key).await {
        Ok(policy) if lets_in_sns(&policy) => {
            Finding::ok(format!("the policy of {key} lets {SNS} use it"))
        }
        Ok(_) => {
            let detail = format!(
                "the policy of {key} does not let {SNS} use it: the topic reaches no queue, and events are lost"
            );
            Finding::error(detail, let_in_sns(key))
        }
        Err(error) => {
            let fix = "check that the key exists, with an AWS identity that is allowed kms:GetKeyPolicy on it";
            Finding::warning(error.to_string(), fix)
        }
    }
}

/// Conditions and denials are not looked at: what they come to depends on the request.
fn lets_in_sns(policy: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let allowing: Vec<_> = each(&policy["Statement"])
        .filter(|statement| statement["Effect"] == "Allow")
        .filter(|statement| each(&statement["Principal"]["Service"]).any(|service| service == SNS))
        .collect();
    ACTIONS.iter().all(|action| {
        let is_allowed = |pattern: &Value| pattern.as_str().is_some_and(|it| matches(it, action));
        allowing.iter().any(|statement| each(&statement["Action"]).any(is_allowed))
    })
}

/// The elements of what a policy may write as a list, or without one where it has one element.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(slice::from_ref(value), Vec::as_slice).iter()
}

/// Whether a pattern of a policy includes an action, in any case of letters.
fn matches(pattern: &str, action: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => {
            action.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        }
        None => pattern.eq_ignore_ascii_case(action),
    }
}

/// The command that adds a statement to the key's policy, which is always put as a whole.
fn let_in_sns(key: &str) -> String {
    format!(
        "aws kms get-key-policy --key-id {key} --policy-name default --query Policy --output text | \
         jq '.Statement += [{{Effect: \"Allow\", Principal: {{Service: \"{SNS}\"}}, \
         Action: [\"kms:GenerateDataKey*\", \"kms:Decrypt\"], Resource: \"*\"}}]' | \
         aws kms put-key-policy --key-id {key} --policy-name default --policy file:///dev/stdin"
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::lets_in_sns;

    fn allowing(principal: Value, action: Value) -> Value {
        json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" })
    }

    #[test]
    fn a_policy_lets_sns_in_where_it_allows_both_actions() {
        let sns = json!({ "Service": "sns.amazonaws.com" });
        let account = json!({ "AWS": "arn:aws:iam::111111111111:root" });
        let both = json!(["kms:GenerateDataKey*", "kms:Decrypt"]);
        let denied = json!({ "Effect": "Deny", "Principal": sns, "Action": "kms:*" });
        for (statements, expected) in [
            (
                json!([
                    allowing(account.clone(), json!("kms:*")),
                    allowing(sns.clone(), both.clone())
                ]),
                true,
            ),
            (
                allowing(
                    json!({ "Service": ["logs.amazonaws.com", "sns.amazonaws.com"] }),
                    json!("kms:*"),
                ),
                true,
            ),
            (
                json!([
                    allowing(sns.clone(), json!("KMS:decrypt")),
                    allowing(sns.clone(), json!("kms:Gen*"))
                ]),
                true,
            ),
            (allowing(sns.clone(), json!("*")), true),
            (allowing(account, json!("kms:*")), false),
            (allowing(sns.clone(), json!("kms:Decrypt")), false),
            (allowing(sns, json!(["kms:GenerateDataKeyPair", "kms:Decrypt"])), false),
            (
                allowing(json!({ "Service": "logs.eu-central-1.amazonaws.com" }), both.clone()),
                false,
            ),
            (allowing(json!("nobody"), both), false),
            (json!([denied]), false),
            (json!(null), false),
        ] {
            let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
            assert_eq!(lets_in_sns(&policy), expected, "{policy}");
        }
        assert!(!lets_in_sns("not JSON"));
    }
}
