package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parallax/internal/audit"
	"parallax/internal/lab"
)

const (
	crashSeed   = 20261118
	crashRounds = 20
)

// TestKilledAnywhere audits one world twice: once undisturbed, and once with every capture and then twenty audits killed
// at some point and run again, the store's server with them at times. The findings must be the same in the end.
func TestKilledAnywhere(t *testing.T) {
	c := &crash{T: t, chance: rand.New(rand.NewPCG(crashSeed, 1))}
	c.world = buildWorld(t, c.capture)
	c.program = buildProgram(t, c.world.Env())
	c.control, c.victim = c.folder("control"), c.folder("victim")
	if err := c.world.Play(t.Context()); err != nil {
		t.Fatal(err)
	}
	from, to := c.world.Window()
	all := append([]string{"run", "all"}, windowFlags(from, to, c.world.AsOf())...)
	undisturbed := c.finish(c.control, all)
	want := c.state(c.control)
	if len(want.findings) < len(c.world.Truth().Facts) {
		t.Fatalf("the undisturbed audit has %d findings, the world %d faults", len(want.findings), len(c.world.Truth().Facts))
	}
	saved := filepath.Join(t.TempDir(), "saved")
	c.copyFolder(c.victim.data, saved)
	rounds, killed, normal := crashRounds, 0, undisturbed.took
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		c.copyFolder(saved, c.victim.data)
		// Each round has its own part of the audit's running time, so that all of it is tried.
		delay := time.Duration((float64(round) + c.chance.Float64()) / float64(rounds) * float64(normal))
		how := []string{"the program", "the program", "the program", "the server", "both"}[round%5]
		if c.disturb(c.victim, how, delay, all) {
			killed++
		}
		again := c.finish(c.victim, all)
		normal = min(normal, again.took) // the machine may have been busy
		about := fmt.Sprintf("seed %d, round %d: %s killed after %s", crashSeed, round, how, delay)
		if again.code != undisturbed.code {
			t.Errorf("%s: exit code %d, undisturbed %d\n%s", about, again.code, undisturbed.code, again.stderr)
		}
		if diff := cmp.Diff(want, c.state(c.victim), cmp.AllowUnexported(state{})); diff != "" {
			t.Errorf("%s: the store differs (-undisturbed +killed):\n%s", about, diff)
		}
	}
	t.Logf("%d of %d audits of %s were killed before their end; %d findings each", killed, rounds, normal.Round(time.Millisecond), len(want.findings))
	if killed < rounds/2 {
		t.Errorf("only %d of %d audits were killed before their end: the test tests too little", killed, rounds)
	}
}

// crash is the test with what it works on.
type crash struct {
	*testing.T
	chance          *rand.Rand
	world           *lab.World
	program         program
	control, victim folder
}

// folder is a data folder and the configuration that names it.
type folder struct{ data, config string }

func (c *crash) folder(name string) folder {
	c.Helper()
	data := filepath.Join(filepath.Dir(c.world.ConfigPath()), name)
	f := folder{data, configure(c.T, c.world, name, "data_dir: parallax-data", "data_dir: "+name)}
	c.Cleanup(func() {
		if pid := f.server(); pid != 0 { // a killed program leaves it running, and a failed test nobody who ends it
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return f
}

// server is the first process of the folder's private PostgreSQL, 0 if none runs. Its pid is the first line of the file
// (PostgreSQL manual, "Database File Layout").
func (f folder) server() int {
	raw, err := os.ReadFile(filepath.Join(f.data, "postgres", "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return pid
}

// capture is the world's hook: one capture runs undisturbed, the other is killed and run again.
func (c *crash) capture(_ context.Context, at time.Time) error {
	from, _ := c.world.Window()
	args := append([]string{"run", "capture"}, windowFlags(from, at, at)...)
	undisturbed := c.finish(c.control, args)
	delay := time.Duration(c.chance.Float64() * float64(undisturbed.took))
	c.disturb(c.victim, "the program", delay, args)
	if again := c.finish(c.victim, args); again.code != undisturbed.code {
		c.Errorf("seed %d: capture at %s killed after %s: exit code %d, undisturbed %d\n%s", crashSeed, at, delay, again.code, undisturbed.code, again.stderr)
	}
	return nil
}

// finish runs the program to its end, which must not be a failure, and with it that of its server.
func (c *crash) finish(f folder, args []string) ending {
	c.Helper()
	e := c.program.run(c.T, append(args, "--config", f.config)...)
	if e.code != exitClean && e.code != exitFindings && e.code != exitInconclusive {
		c.Fatalf("%v: exit code %d\n%s", args, e.code, e.stderr)
	}
	if pid := f.server(); pid != 0 {
		c.Fatalf("%v: the program has ended and its server %d runs on\n%s", args, pid, e.stderr)
	}
	return e
}

// disturb runs the program and kills it, its server or both after a while. It reports whether that was before the end.
func (c *crash) disturb(f folder, how string, delay time.Duration, args []string) bool {
	c.Helper()
	e := c.program.runUntil(c.T, func(p *os.Process) {
		time.Sleep(delay)
		if how != "the server" {
			_ = p.Kill() // it may have ended
		}
		if pid := f.server(); pid != 0 && how != "the program" {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}, append(args, "--config", f.config)...)
	if how == "the server" {
		return e.code == exitFailure
	}
	return e.code == -1
}

// state is what the store holds after an audit.
type state struct {
	findings map[string]map[string]any
	coverage map[string]audit.RunRecord
}

func (c *crash) state(f folder) state {
	c.Helper()
	list := c.program.run(c.T, "findings", "list", "--status", "all", "--limit", "0", "-o", "json", "--config", f.config)
	report := c.program.run(c.T, "report", "coverage", "-o", "json", "--config", f.config)
	if list.code != exitClean || report.code != exitClean {
		c.Fatalf("read the store: exit codes %d and %d\n%s%s", list.code, report.code, list.stderr, report.stderr)
	}
	s := state{findings: listing(c.T, list.stdout), coverage: certificates(c.T, report.stdout)}
	delete(s.coverage, "capture") // one that follows a complete capture of the same moment has nothing left to read
	for job, run := range s.coverage {
		run.RunID = ""
		for i := range run.Coverage { // how many bytes a comparison moved hangs on the connections it found
			run.Coverage[i].Extents = slices.DeleteFunc(run.Coverage[i].Extents, func(e audit.Extent) bool { return e.Name == "traffic" })
		}
		s.coverage[job] = run
	}
	return s
}

// copyFolder replaces a folder by a copy of another, with the owners of the files: for root, the server has an account of
// its own.
func (c *crash) copyFolder(from, to string) {
	c.Helper()
	if err := os.RemoveAll(to); err != nil {
		c.Fatal(err)
	}
	if out, err := exec.CommandContext(c.Context(), "cp", "-a", from, to).CombinedOutput(); err != nil {
		c.Fatalf("copy %s: %v\n%s", from, err, out)
	}
}
