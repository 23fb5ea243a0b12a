"""Judges the deployed template by tools that other people wrote: checkov, cdk-nag and AWS's rules for cfn-guard.

`make scan` packages a stage, translates the template as AWS does, and shows each finding with the waiver that answers
it. The exit status is 1 if a finding has no waiver. The tools are pinned here, apart from the project's own packages.
"""
