"""Leads: sellers, the ways to reach them, and why they may be written to (spec/2, Leads).

The same phone (E.164), e-mail or property is the same lead. A later name for a known one stays as a row that points to
it (`merged_into`). A number that turned out to be wrong is kept, so that it is never used again by anybody.
"""
