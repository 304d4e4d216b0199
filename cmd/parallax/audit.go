package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// runCommand runs one job, or all of them, now and in this process.
func (c *cli) runCommand() *cobra.Command {
	var from, to, at string
	cmd := &cobra.Command{
		Use:   "run JOB",
		Short: "Run one job now, in this process",
		Long: `Run one job now. Jobs: ` + strings.Join(app.JobNames(), ", ") + `; "all" runs them in that order.

Without --from and --to the window is the newest elapsed slot of the job's schedule at --as-of. The job failover then also reconciles
every new failover: all jobs over the window around it, repeated until every item is explained.
The exit code is the verdict: 0 clean, 1 findings, 3 inconclusive (something was not read); 2 if the job could not run.`,
		Args:      exactlyOne("a job: " + strings.Join(app.JobNames(), ", ") + " or all"),
		ValidArgs: append(app.JobNames(), "all"),
		RunE: func(cmd *cobra.Command, args []string) error {
			req, err := c.request(args[0], from, to)
			if at != "" {
				req, err = c.stated(args[0], at, from+to)
			}
			if err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				result, failed := a.Run(cmd.Context(), req)
				if result.Stated != "" {
					fmt.Fprintln(c.stderr, "parallax:", result.Stated)
				}
				if failed != nil && len(result.Runs) == 0 {
					return failed
				}
				if err := errors.Join(failed, result.Write(c.stdout, c.output)); err != nil {
					return err // what has run is stored, and shown
				}
				return verdictCode(result.Verdict())
			})
		},
	}
	c.addAsOf(cmd)
	cmd.Flags().StringVar(&from, "from", "", "start of the window, RFC 3339 or a date (inclusive)")
	cmd.Flags().StringVar(&to, "to", "", "end of the window (exclusive)")
	cmd.Flags().StringVar(&at, "at", "", "job failover: there was a failover at about this time; reconcile it now, whoever tells of it")
	return cmd
}

func (c *cli) request(job, from, to string) (app.Request, error) {
	asOf, err := c.moment()
	if err != nil {
		return app.Request{}, err
	}
	now := time.Now().UTC()
	if err := past(asOf, now); err != nil {
		return app.Request{}, err
	}
	req := app.Request{Job: job, AsOf: asOf, Now: now}
	if err := req.Check(); err != nil { // the job's name
		return req, err
	}
	if (from == "") != (to == "") {
		return req, errors.New("--from and --to belong together: give both or neither")
	}
	if from == "" {
		return req, nil
	}
	if req.From, err = parseTime("--from", from); err != nil {
		return req, err
	}
	if req.To, err = parseTime("--to", to); err != nil {
		return req, err
	}
	return req, req.Check()
}

// stated is a request that tells of a failover: a moment, and no window.
func (c *cli) stated(job, at, window string) (app.Request, error) {
	req, err := c.request(job, "", "")
	if err != nil {
		return req, err
	}
	if window != "" {
		return req, errors.New("--at gives the window itself: leave out --from and --to")
	}
	if req.At, err = parseTime("--at", at); err != nil {
		return req, err
	}
	return req, req.Check()
}

// verdictCode turns how a run ended into the exit code; clean is no error.
func verdictCode(verdict string) error {
	switch verdict {
	case "clean":
		return nil
	case "findings":
		return ended(exitFindings)
	default:
		return ended(exitInconclusive)
	}
}

// exactlyOne demands one argument and says what it is.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New(cmd.CommandPath() + " needs " + what)
		}
		return nil
	}
}
