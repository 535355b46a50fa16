# What is kept of the list of logs that Chrome publishes: the logs whose SCTs count, or counted.
{version, log_list_timestamp, operators: [.operators[] | {name, logs: [((.logs // []) + (.tiled_logs // []))[]
  | select(.state // {} | has("qualified") or has("usable") or has("readonly") or has("retired"))
  | {description, log_id, state: (.state | map_values({timestamp}))}]} | select(.logs != [])]}
