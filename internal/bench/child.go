package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/pprof"
	"syscall"
)

// usage is what a process took.
type usage struct {
	CPU  float64 // seconds, of all cores
	Peak int64   // resident bytes
}

// child runs a program and reads what it prints, as JSON, into result. A measurement has a process of its own, so that its
// peak of memory is its own; and what makes the files has one too, because Linux counts the peak of the process that starts
// another towards that of the other.
func child(ctx context.Context, result any, program string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // this very program, or the yardstick beside it
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return usage{}, fmt.Errorf("run %s: %w", program, err)
	}
	var u usage
	if of, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.Peak = of.Maxrss << 10
	}
	u.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return u, json.Unmarshal(text, result)
}

// prepared has a child of this program make what a measurement needs.
func prepared(ctx context.Context, result any, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	_, err = child(ctx, result, self, args...)
	return err
}

// profile writes a profile of the processor's time until the returned function is called, if CPUPROFILE names a file.
func profile() (func(), error) {
	name := os.Getenv("CPUPROFILE")
	if name == "" {
		return func() {}, nil
	}
	f, err := os.Create(name) //nolint:gosec // the file that was asked for
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // a profile that is cut short says so itself
	}, nil
}
