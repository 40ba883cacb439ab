"""Typed results as Slack messages and forms: pure functions without I/O and without a clock.

- A renderer takes a result and returns a whole message; `cards` has those for channels and direct messages, `replies`
  those for the caller alone, `forms` the modals.
- Domain texts may mention people and name commands in back-ticks; the words of users may do neither. So there are two
  ways into mrkdwn, `text.words` for ours and `text.quoted` for theirs, and no third.
- What a message may weigh is enforced in one place (`kit.message`), so that no renderer can send what Slack refuses.
"""
