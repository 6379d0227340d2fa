/** Samples for tests of damage: each is read without an error. */
const HASH = 'abcdefghijklmnopqrstuvwxyz0123+/==';

/** A small file of every format that is read from text, by the format's name. */
export const SAMPLES: Readonly<Record<string, string>> = {
  gwf: `# JobID SubmitTime\n1 5 0 60 2 -1 -1 4 120 -1 1 u g e q p\n2 6 0 60 2 -1 -1 4 120 -1 1 u g e q p\n`,
  swf: `; MaxProcs: 8\n1 0 5 60 2 -1 -1 2 120 -1 1 3 -1 -1 -1 -1 -1 -1\n`,
  sacct:
    'JobID|JobName|Submit|Start|End|Elapsed|Timelimit|NNodes|NCPUS|ReqMem|State\n' +
    '1|a|2022-03-07T10:00:00|2022-03-07T10:00:00|Unknown|1-00:00:00|UNLIMITED|2|8|4Gn|COMPLETED\n' +
    '2_[1-3]|b|c|2022-03-07T10:00:00|Unknown|Unknown|00:00|10:00|2|8|4Gc|CANCELLED by 5\n',
  eagle:
    'job_id,user,account,partition,qos,wallclock_req,nodes_req,processors_req,gpus_req,mem_req,submit_time,start_time,end_time,run_time,state\n' +
    '5,u,a,p,q,60.0,1,36,0,0.0,2019-01-01 10:00:00,2019-01-01 10:00:05,,600.0,COMPLETED\n',
  batsim:
    '{"nb_res": 4, "jobs": [{"id": 1, "subtime": 0, "res": 1, "profile": "d"}], "profiles": {"d": {"type": "delay", "delay": 5}}}',
  'alibaba-2018': 'M1,10,j_1,1,Terminated,86400,86500,50,0.2\n',
  'alibaba-2018-containers':
    'c_1,m_2,0,app_5,started,400,800,1.56\nc_1,m_2,500,app_5,stopped,400,800,1.56\n',
  'alibaba-2018-instances':
    'ins_74901673,M1,j_217,10,Terminated,673795,673797,m_2637,1,1,13.0,16.0,0.02,0.02\n',
  'alibaba-2018-machines': 'm_1,0,1,5,96,100,USING\nm_1,9,1,5,96,100,IMPORT\n',
  'alibaba-2018-usage': 'm_1932,386640,41,92,,,43.04,33.08,101\n',
  'google-2011-jobs': '0,,3418309,0,u,3,n,l\n0,,3418309,1,u,3,n,l\n',
  'google-2019-collections':
    '{"time":"0","type":"0","collection_id":"330587160469","priority":"360"}\n',
  csv: 'job,submitSeconds,runSeconds,id\n1,0,60,"x"\n',
  jobs: 'job,submitSeconds,waitSeconds,runSeconds,user,averageCpuSeconds,id\n1,0,5,60,3,1.5,"x"\n',
  machines:
    "id,startSeconds,endSeconds,cores,memoryGb,owner,category,aliveBefore,outlasts\n'+a,0,60,2,4,o,c,1,1\n",
  series: 'series,unixSeconds,value\n"a,b",1600000000,0.5\n',
  'azure-vms': `${HASH},${HASH},${HASH},0,600,1,1,1,Interactive,>24,1.75\n`,
  'alibaba-gpu-2023':
    'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\np,1,1,1,1,,LS,Running,0,500,10\n',
  'google-2011':
    '700000000,,1,0,5,1,u,3,9,0.5,0.25,0.1,0\n800000000,,1,0,5,4,u,3,9,0.5,0.25,0.1,0\n',
  'google-2019':
    '{"time":"700000000","type":"SCHEDULE","collection_id":"1","instance_index":"0","resource_request":{"cpus":0.1,"memory":0.2}}\n',
  'google-2011-usage': `1,2,1,0,5,0.5${',0'.repeat(14)}\n`,
  'google-2011-machines': '0,10,0,x=,0.5,0.25\n5,10,1,x=,0.5,0.25\n',
  'ec2-spot': 'SPOTINSTANCEPRICE\t0.08\t2012-05-07T10:00:00-0800\tm1\tLinux\tz\n',
  skypilot: '{"metadata": {"gap_seconds": 600}, "data": [1, 0, 16]}',
  'day-ahead': 'date,time_from,time_to,price_eur_mwh\n2021-03-28,00:00,01:00,45.5\n',
  bitbrains: 'Timestamp [ms];\tCPU cores;\tCPU usage [%]\n1376314846;\t2;\t12.5\n',
  'azure-readings': `0,${HASH},2,4,3\n`,
  planetlab: '1\n2\n3\n',
  'azure-v1': '300 g,|,b,m,|,\n600 a,|,\n',
  fema:
    'disasterNumber,declarationDate,disasterName,incidentBeginDate,incidentEndDate,declarationType,stateCode,stateName,incidentType\r\n' +
    '1,2005-12-01T00:00:00.000Z,"STORM, BIG",2005-08-23T00:00:00.000Z,2005-09-01T00:00:00.000Z,Major Disaster,TX,Texas,Flood\r\n',
  deadlines:
    'conference,category,year,id,round,kind,deadline_local,timezone,deadline_unix,comment\n' +
    'LISA,DS,2021,lisa21,0,full,2021-02-23 20:59:59,PT,,\n',
  'needs-csv': 'timeSeconds,nodes\n0,5\n3600,7.5\n7200,0\n',
};
