package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"parallax/internal/app"
	"parallax/internal/config"
)

// Exit codes, a contract with cron jobs and scripts.
const (
	exitClean        = 0
	exitFindings     = 1
	exitFailure      = 2
	exitInconclusive = 3
)

// ended carries an exit code out of a verb that has already said what there is to say.
type ended int

func (e ended) Error() string { return fmt.Sprintf("ended with exit code %d", int(e)) }

// cli is what every verb needs: where to read and write, and the flags common to all.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            []string
	configPath     string
	output         string
	asOf           string
}

// run is the whole program; main only adds the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interruptible(ctx, stderr)
	defer stop()
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr, env: os.Environ()}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return c.exitCode(root.ExecuteContext(ctx))
}

func (c *cli) exitCode(err error) int {
	var code ended
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(c.stderr, "parallax: interrupted; nothing half-done was stored, run the same command again")
	default:
		fmt.Fprintln(c.stderr, "parallax:", err)
	}
	return exitFailure
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "parallax",
		Short: "Prove what two live regions and the card networks agree on, and name every payment they don't",
		Long: `Parallax audits a payments system that runs active-active in two AWS regions. It reads DynamoDB Streams, Aurora ledgers,
S3 inventories and card-network settlement files, and names every lost, missing and mismatched payment with its money.

Start with:  parallax demo            two regions in a box, no cloud, no set-up
             parallax config example  a commented configuration
             parallax doctor          what is reachable and what is missing

Exit codes:  0 clean   1 findings   2 usage or failure   3 inconclusive (something was not read)`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArguments,
		RunE:          showHelp,
		// Before any work: a run whose result cannot be written must not have been made.
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Name() == "match" {
				return nil // which writes workbooks too, and says so itself
			}
			return oneOf("--output", c.output, "table", "json", "ndjson", "csv")
		},
	}
	root.PersistentFlags().StringVar(&c.configPath, "config", "parallax.yaml", "configuration file")
	root.PersistentFlags().StringVarP(&c.output, "output", "o", "table", "format of results on standard output: table, json, ndjson or csv")
	root.AddCommand(
		c.demoCommand(), c.runCommand(), c.matchCommand(), c.findingsCommand(), c.runbookCommand(), c.reportCommand(),
		c.drillCommand(), c.repairCommand(), c.configCommand(), c.doctorCommand(), c.migrateCommand(), c.versionCommand(),
	)
	completeUsage(root)
	return root
}

// load reads the configuration.
func (c *cli) load() (*config.Config, error) {
	return config.Load(c.configPath, c.env)
}

// withApp loads the configuration, opens the application, and closes it after use.
func (c *cli) withApp(ctx context.Context, use func(*app.App) error) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, cfg, app.Options{Log: c.stderr, Progress: c.progress()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return use(a)
}

// addAsOf gives a verb the --as-of flag.
func (c *cli) addAsOf(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.asOf, "as-of", "", "the moment the audit speaks for, RFC 3339 (default now)")
}

// moment is --as-of, or now: the one place where an audit meets the wall clock.
func (c *cli) moment() (time.Time, error) {
	if c.asOf == "" {
		return time.Now().UTC(), nil
	}
	return parseTime("--as-of", c.asOf)
}

// maxAhead is how far --as-of may lie ahead of the clock here: clocks differ by less.
const maxAhead = 5 * time.Minute

// past refuses to speak for a moment that has not come yet: what is stored of it would stand against every run until then.
func past(asOf, now time.Time) error {
	if asOf.After(now.Add(maxAhead)) {
		return fmt.Errorf("--as-of %s lies in the future: nothing can be said of what has not happened", asOf.Format(time.RFC3339))
	}
	return nil
}

// parseTime reads RFC 3339 or a plain date, which is its midnight in UTC.
func parseTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %q is not a time: write RFC 3339, for example 2026-11-20T08:00:00Z, or a date", flag, text)
}
