/** Whether this server's groups obey the policy of its primary, and the switch for it. */
import { Switch, Tooltip } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call, callForVersion } from '../../api/call.ts';
import { useHierarchy } from '../../api/hierarchy.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { useSession } from '../../shell/session.tsx';
import { useTexts } from '../../texts/language.tsx';
import { POLICY } from '../../texts/policy.ts';
import { SHELL } from '../../texts/shell.ts';

/** Nothing where there is no primary, and no option that waits for one. */
export function PrimaryPolicy() {
  const { taking } = useTexts(POLICY);
  const { rights } = useTexts(SHELL);
  const { lacking } = useSession();
  const client = useQueryClient();
  const settings = useQuery({
    queryKey: ['settings'],
    enabled: lacking('showSettings') === undefined,
    queryFn: ({ signal }) => callForVersion('showSettings', {}, { signal }),
  });
  const hierarchy = useHierarchy(lacking('showHierarchy') === undefined);
  const [asking, setAsking] = useState(false);
  const primary = hierarchy.data?.primary?.name;
  const now = settings.data?.answer.takePolicy;
  const ifMatch = settings.data?.version;
  if (now === undefined || (primary === undefined && !now)) return null;
  const missing = lacking('changeSettings');
  return (
    <div className="card">
      <Tooltip
        disabled={missing === undefined}
        label={missing && `${rights.lacking(missing.area, missing.right)} ${rights.ask}`}
      >
        <Switch
          checked={now}
          onChange={() => setAsking(true)}
          disabled={missing !== undefined}
          label={taking.option(primary)}
          description={now ? taking.on : taking.off}
          styles={{ label: { fontWeight: 600 } }}
        />
      </Tooltip>
      {asking && (
        <ConfirmDialog
          mild
          title={now ? taking.end(primary) : taking.begin(primary)}
          hint={now ? taking.ends : taking.begins}
          yes={now ? taking.yesEnd : taking.yesBegin}
          work={(options) => call('changeSettings', { takePolicy: !now }, { ...options, ifMatch })}
          onDone={() => {
            setAsking(false);
            void client.invalidateQueries();
          }}
          onClose={() => {
            setAsking(false);
            void settings.refetch();
          }}
        />
      )}
    </div>
  );
}
