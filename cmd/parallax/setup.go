package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"parallax/internal/app"
	"parallax/internal/config"
)

// configCommand checks, explains and exemplifies the configuration.
func (c *cli) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check the configuration, print an example or its schema", Args: noArguments,
		RunE: showHelp}
	check := &cobra.Command{
		Use:   "check",
		Short: "Read the configuration and say what is wrong with it, by line and key",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			return app.DescribeConfig(c.stdout, c.output, cfg, c.configPath)
		},
	}
	example := &cobra.Command{
		Use:   "example",
		Short: "Print a commented configuration to start from",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.stdout.Write(config.Example())
			return err
		},
	}
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration, for editors",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.stdout.Write(config.Schema())
			return err
		},
	}
	cmd.AddCommand(check, example, schema)
	return cmd
}

// doctorCommand says what is reachable and what is missing, each with its remedy.
func (c *cli) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is reachable, what is missing, and how to mend it",
		Long: `Try everything a run needs, without changing anything: the store, both regions' streams, ledgers, inventories and the RDS API,
and the settlement files. Each line that is not ok comes with its remedy. Exit code 0 if all is well, 1 if something is missing.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asOf, err := c.moment()
			if err != nil {
				return err
			}
			cfg, err := c.load()
			if err != nil {
				return err
			}
			healthy, err := app.Doctor(cmd.Context(), cfg, app.Options{Log: c.stderr}, asOf, c.stdout, c.output)
			if err == nil && !healthy {
				return ended(exitFindings)
			}
			return err
		},
	}
	c.addAsOf(cmd)
	return cmd
}

// migrateCommand brings the store's tables up to date.
func (c *cli) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the findings store's tables up to date",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), func(a *app.App) error {
				version, err := a.SchemaVersion(cmd.Context())
				if err == nil {
					_, err = fmt.Fprintf(c.stdout, "store is at version %d\n", version)
				}
				return err
			})
		},
	}
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.stdout, app.Version())
			return err
		},
	}
}
