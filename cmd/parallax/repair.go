package main

import (
	"time"

	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// repairCommand writes repair files and says whether they may still be used. Nothing here changes what is audited.
func (c *cli) repairCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "repair",
		Short: "Write files that would mend what was found, for people to approve and run; check them",
		Long: `Write files that would mend what was found: SQL for the ledger, conditional writes for DynamoDB, manifests for S3 Batch
Operations, refunds as CSV. Parallax never runs them. Each change is guarded by the value that the audit saw, and expires.`,
		Args: noArguments, RunE: showHelp,
	}
	cmd.AddCommand(c.repairWrite(), c.repairCheck(), c.repairList())
	return cmd
}

func (c *cli) repairWrite() *cobra.Command {
	var out, from, to, at string
	cmd := &cobra.Command{
		Use:   "write",
		Short: "Write the files for all findings that stand, for those of a window, or for those around a failover",
		Long: `Write the files for the findings that stand, after reading what they speak of afresh.

Exit codes: 0 written, 2 failure, 3 written, but something could not be read and is left out (the list says what).`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", c.output, "table", "json"); err != nil {
				return err
			}
			asOf, err := c.moment()
			if err == nil {
				err = past(asOf, time.Now())
			}
			if err != nil {
				return err
			}
			req := app.RepairRequest{Out: out, AsOf: asOf, Written: time.Now()}
			for _, given := range []struct {
				flag, text string
				into       *time.Time
			}{{"--from", from, &req.From}, {"--to", to, &req.To}, {"--at", at, &req.At}} {
				if given.text == "" {
					continue
				}
				if *given.into, err = parseTime(given.flag, given.text); err != nil {
					return err
				}
			}
			if err := req.Check(); err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				complete, err := a.WriteRepair(cmd.Context(), c.stdout, c.output, req)
				if err == nil && !complete {
					return ended(exitInconclusive)
				}
				return err
			})
		},
	}
	c.addAsOf(cmd)
	cmd.Flags().StringVar(&out, "out", "", "folder to write to, new or empty (default: repair/<now> in data_dir)")
	cmd.Flags().StringVar(&from, "from", "", "only findings of a window: its start, RFC 3339 or a date")
	cmd.Flags().StringVar(&to, "to", "", "end of the window (exclusive)")
	cmd.Flags().StringVar(&at, "at", "", "only findings around the failover of this moment")
	return cmd
}

func (c *cli) repairCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FOLDER",
		Short: "Say of each guard of a folder of repair files whether it still holds; nothing is changed",
		Long: `Read again what each repair is guarded by, and say whether it holds, is done already, or has changed since.

Exit codes: 0 all hold, 1 some do not (done, changed, or the files have expired), 2 failure, 3 some could not be asked.`,
		Args: exactlyOne("the folder of the repair files, or its manifest.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", c.output, "table", "json"); err != nil {
				return err
			}
			asOf, err := c.moment()
			if err != nil {
				return err
			}
			return c.withApp(cmd.Context(), func(a *app.App) error {
				answer, err := a.CheckRepair(cmd.Context(), c.stdout, c.output, args[0], asOf)
				switch {
				case err != nil:
					return err
				case answer == app.GuardsUnasked:
					return ended(exitInconclusive)
				case answer == app.GuardsBroken:
					return ended(exitFindings)
				}
				return nil
			})
		},
	}
	c.addAsOf(cmd)
	return cmd
}

func (c *cli) repairList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the folders of repair files in data_dir",
		Args:  noArguments,
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := oneOf("--output", c.output, "table", "json"); err != nil {
				return err
			}
			asOf, err := c.moment()
			if err != nil {
				return err
			}
			cfg, err := c.load()
			if err != nil {
				return err
			}
			return app.ListRepairs(c.stdout, c.output, cfg, asOf)
		},
	}
	c.addAsOf(cmd)
	return cmd
}
