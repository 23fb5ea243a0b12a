"""Judges the deployed template with public tools: checkov, cdk-nag and AWS's rules for cfn-guard.

`make scan` packages a stage, translates the template as AWS does, and shows each finding with its waiver. The exit
status is 1 if a finding has no waiver. The tools are pinned here, separately from the project's own packages.
"""
