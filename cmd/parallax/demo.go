package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// demoCommand builds two regions in a box, breaks them, audits them and compares with the truth.
func (c *cli) demoCommand() *cobra.Command {
	o := app.DemoOptions{Seed: 7, Payments: 12000, Dir: "demo"}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Two regions in a box: build, break, audit, report (no cloud, no set-up)",
		Long: `Build two regions on this machine (DynamoDB global table, two PostgreSQL servers, S3 buckets, RDS API, card-network files), let them take
payments, let one region die, run every job over what is left, and hold the findings against what was really broken.

It needs PostgreSQL's binaries (apt-get install postgresql), nothing else. It exits 0 only if every injected fault was found and nothing else was reported.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Program = calledAs()
			o.Out, o.Log, o.Progress, o.Output = c.stdout, c.stderr, c.progress(), c.output
			exact, err := app.Demo(cmd.Context(), o)
			if err == nil && !exact {
				return ended(exitFindings)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "seed of the world; the same seed makes the same payments and faults")
	flags.IntVar(&o.Payments, "payments", o.Payments, "number of payments")
	flags.StringVar(&o.Dir, "dir", o.Dir, "folder for the world, its findings and the report; replaced if a demo made it")
	flags.BoolVar(&o.Keep, "keep", false, "keep the world's servers running after the report, until interrupted")
	return cmd
}

// calledAs is the program as the caller wrote it, if that is a path: the commands shown can then be copied.
func calledAs() string {
	if name := os.Args[0]; strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) {
		return name
	}
	return "parallax"
}
