//go:build unix && !linux

package pgserver

import "syscall"

// dieWithParent has no counterpart here: a throw-away server outlives a program that is killed.
func dieWithParent(*syscall.SysProcAttr) {}
