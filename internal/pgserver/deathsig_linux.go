package pgserver

import "syscall"

// dieWithParent ends a throw-away server when this program is killed. SIGQUIT makes the server stop its own children.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
