"""Python imports this when it starts: the operator's commands are typed as they are printed, on the moved clock."""

from infra.demo.moved_clock import install

install()
