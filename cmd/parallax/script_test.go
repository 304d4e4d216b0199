package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts call this test binary by the name of the program, and of the writer of their card files.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"parallax": main,
		"writeipm": writeIPM,
	})
}

// TestScripts runs testdata/script. Each script has the commands of testscript and these:
//
//	ends CODE PROGRAM ARG...        runs a program and wants this exit code
//	interrupt COUNT CODE TEXT PROGRAM ARG...
//	                                waits for TEXT on standard error, sends SIGINT COUNT times, and wants this exit code
//	json stdout|FILE                wants one JSON document
//	silent NAME                     puts into NAME the address of a server that accepts connections and never answers
//	postgres NAME                   puts into NAME the address of a PostgreSQL server that refuses every password
//	ambiguous NAME FILE             puts into NAME a digit with which several of the findings in FILE begin
//	absent stdout|stderr TEXT       wants the text, which is no pattern, nowhere
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ends": ends, "interrupt": interruptProgram, "json": wantJSON, "silent": silent, "ambiguous": ambiguous, "absent": absent,
			"postgres": postgres,
		},
	})
}

// setUpScript gives scripts credentials that are worth nothing and no way to find others. Of the machine's environment they
// have only what testscript passes on, and the folder of PostgreSQL's binaries.
func setUpScript(env *testscript.Env) error {
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("AWS_ACCESS_KEY_ID", "none")
	env.Setenv("AWS_SECRET_ACCESS_KEY", "dummy-secret-key")
	env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "none"))
	env.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(env.WorkDir, "none"))
	env.Setenv("TZ", "America/New_York") // nothing may depend on it
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		env.Setenv("PG_BINDIR", dir)
	}
	return nil
}
